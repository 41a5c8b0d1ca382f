-- A snapshot up to `number` is safe in PostgreSQL: forget what is behind the one before it.
-- KEYS: log, number, dirty, attempts   ARGV: name, time, number, first number to keep
-- Returns 1 if the document is clean now, 0 if records came meanwhile.
redis.call('HDEL', KEYS[4], ARGV[1])
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[4] .. '-0')
local value = redis.call('GET', KEYS[2])
local n = tonumber(string.match(value or '-1', '^-?%d+'))
if n <= tonumber(ARGV[3]) then
  if value then
    redis.call('SET', KEYS[2], string.format('%.0f', n) .. 'c')
  end
  redis.call('ZREM', KEYS[3], ARGV[1])
  return 1
end
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
return 0
