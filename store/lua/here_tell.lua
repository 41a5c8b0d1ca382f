-- A gateway's sign of life, and what changed of who is in its documents.
-- KEYS: lives, this life's hash   ARGV: life, milliseconds to live, then per project: id, who is here ('' for nobody)
-- Returns 1 if Redis still knew this life; otherwise it has to tell everything.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local knew = redis.call('EXISTS', KEYS[2])
-- A field of its own keeps the hash while nobody is here.
redis.call('HSET', KEYS[2], '', '')
for i = 3, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
-- Where the dead were looked for: their hashes have expired long ago.
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now - 10 * ARGV[2])
return knew
