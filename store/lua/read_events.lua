-- The last number of a topic's log, which exists from now on, and some records behind a number.
-- KEYS: log, number   ARGV: seconds that numbers stay, number or '', how many
-- Returns {last number, entries…}.
local last = redis.call('GET', KEYS[2])
if not last then
  local time = redis.call('TIME')
  last = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('DEL', KEYS[1])
  redis.call('SET', KEYS[2], last, 'EX', ARGV[1])
end
if ARGV[2] == '' then
  return {last}
end
return {last, unpack(redis.call('XRANGE', KEYS[1], '(' .. ARGV[2] .. '-0', '+', 'COUNT', ARGV[3]))}
