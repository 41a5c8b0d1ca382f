-- Append records to the logs of several topics, and announce each to the gateways that follow it.
-- ARGV: longest announced body, seconds that records stay, seconds that numbers stay,
--       then per topic: topic, length of its log, known, count, records…
--       known: the number that the caller expects last in the log; '' where any will do; 'anew' where the first record
--       says all that the log ever said, which is removed
-- Returns per topic {first number, last number}, or {0, 0} where the log does not end as expected: nothing is appended.
-- A number is the time in microseconds, or one more than the last: so none is given twice, also after Redis lost some or
-- all of a log. Each record names the one before it, by which a reader knows that it missed nothing; one that says all
-- names none, and whoever is behind goes on with it.
local longest = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local out, at = {}, 4
while at <= #ARGV do
  local topic, length, known, count = ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  local log, key = 'atrium:{events}:log:' .. topic, 'atrium:{events}:number:' .. topic
  local before = redis.call('GET', key)
  if known ~= '' and known ~= 'anew' and known ~= before then
    out[#out + 1] = {0, 0}
  else
    if not before or known == 'anew' then
      redis.call('DEL', log)
    end
    before = before or '0'
    local first = math.max(tonumber(before) + 1, now)
    local previous, size, bodies = known == 'anew' and '' or before, 0, {}
    for i = 1, count do
      local number, record = string.format('%.0f', first + i - 1), ARGV[at + 3 + i]
      redis.call('XADD', log, 'MAXLEN', length, number .. '-0', 'p', previous, 'r', record)
      previous, size = number, size + #record
      bodies[i] = struct.pack('>I4', #record) .. record
    end
    redis.call('EXPIRE', log, ARGV[2])
    redis.call('SET', key, previous, 'EX', ARGV[3])
    local body = size <= longest and table.concat(bodies) or ''
    redis.call('PUBLISH', 'atrium:event:' .. topic, struct.pack('>I8I8I4', tonumber(before), first, count) .. body)
    out[#out + 1] = {first, first + count - 1}
  end
  at = at + 4 + count
end
return out
