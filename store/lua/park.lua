-- Let an idle log leave Redis, unless somebody follows it, touched it since, or it has more than the snapshot.
-- KEYS: log, number, dirty, logs   ARGV: name, channel, number of the snapshot, latest allowed touch, time
-- Returns 1 if it left. One that stays goes to the end of the line, so that it does not keep others from their turn.
local touched = tonumber(redis.call('ZSCORE', KEYS[4], ARGV[1]) or 0)
local n = tonumber(string.match(redis.call('GET', KEYS[2]) or '-1', '^-?%d+'))
if n ~= tonumber(ARGV[3]) or touched > tonumber(ARGV[4]) or redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2] > 0 then
  redis.call('ZADD', KEYS[4], 'XX', ARGV[5], ARGV[1])
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
return 1
