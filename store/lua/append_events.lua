-- Append records to the logs of several topics, and announce each to the gateways that follow it.
-- ARGV: longest announced body, seconds that records stay, seconds that numbers stay,
--       then per topic: topic, length of its log, count, records…
-- Returns per topic {first number, last number}.
-- A number is the time in microseconds, or one more than the last: so none is given twice, also after Redis lost some or
-- all of a log. Each record names the one before it, by which a reader knows that it missed nothing.
local longest = tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local out, at = {}, 4
while at <= #ARGV do
  local topic, length, count = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local log, key = 'atrium:{events}:log:' .. topic, 'atrium:{events}:number:' .. topic
  local before = redis.call('GET', key)
  if not before then
    redis.call('DEL', log)
    before = '0'
  end
  local first = math.max(tonumber(before) + 1, now)
  local previous, size, bodies = before, 0, {}
  for i = 1, count do
    local number, record = string.format('%.0f', first + i - 1), ARGV[at + 2 + i]
    redis.call('XADD', log, 'MAXLEN', length, number .. '-0', 'p', previous, 'r', record)
    previous, size = number, size + #record
    bodies[i] = struct.pack('>I4', #record) .. record
  end
  redis.call('EXPIRE', log, ARGV[2])
  redis.call('SET', key, previous, 'EX', ARGV[3])
  local body = size <= longest and table.concat(bodies) or ''
  redis.call('PUBLISH', 'atrium:event:' .. topic, struct.pack('>I8I8I4', tonumber(before), first, count) .. body)
  out[#out + 1] = {first, first + count - 1}
  at = at + 3 + count
end
return out
