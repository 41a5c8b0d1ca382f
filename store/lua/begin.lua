-- Make sure that a document's log exists and has not lost records.
-- KEYS: log, number, logs   ARGV: name, time, floor, start
-- A log that ends below `floor` goes on at `start`; what records it has are kept. Returns the last number of the log.
local n = tonumber(string.match(redis.call('GET', KEYS[2]) or '-1', '^-?%d+'))
if n < tonumber(ARGV[3]) then
  redis.call('SET', KEYS[2], ARGV[4] .. 'c')
  n = tonumber(ARGV[4])
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
return n
