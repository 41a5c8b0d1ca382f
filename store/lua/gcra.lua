-- Rate limits by the generic cell rate algorithm: for several subjects, each with several windows, all or nothing.
-- KEYS: one per subject and window.  ARGV: clock in microseconds or '' for the server's own; then per subject the number of
-- its windows, and for each window: microseconds per request, microseconds of tolerance.
-- A key holds the theoretical arrival time (TAT): when a subject that asked evenly would ask next.
-- Returns per subject: allowed (1 or 0), then per window: microseconds of tolerance left (negative: to wait).
local now = ARGV[1]
if now == '' then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
else
  now = tonumber(now)
end
local out, key, at = {}, 1, 2
while at <= #ARGV do
  local windows = tonumber(ARGV[at])
  local tats, left, allowed = {}, {}, 1
  for i = 1, windows do
    local interval, tolerance = tonumber(ARGV[at + 2 * i - 1]), tonumber(ARGV[at + 2 * i])
    local tat = math.max(now, tonumber(redis.call('GET', KEYS[key + i - 1]) or now))
    tats[i] = tat + interval
    left[i] = tolerance - (tats[i] - now)
    if left[i] < 0 then allowed = 0 end
  end
  out[#out + 1] = allowed
  for i = 1, windows do
    if allowed == 1 then
      local live = math.ceil((tats[i] - now) / 1000)
      redis.call('SET', KEYS[key + i - 1], string.format('%.0f', tats[i]), 'PX', math.max(live, 1))
    end
    out[#out + 1] = math.floor(left[i])
  end
  key, at = key + windows, at + 1 + 2 * windows
end
return out
