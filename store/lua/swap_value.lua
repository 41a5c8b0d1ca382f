-- Write one value of a hash, if it is still what the caller read.
-- KEYS: hash   ARGV: name, what it was ('' for none), what it becomes ('' for none)
-- Returns 1 if it was written.
local was = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if was ~= ARGV[2] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
return 1
