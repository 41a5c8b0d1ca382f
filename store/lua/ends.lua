-- Where an idle log ends, unless somebody follows it or touched it since.
-- KEYS: log, number, logs   ARGV: name, channel, latest allowed touch, time
-- Returns {its last number, that of the last record in it or 0}; nothing of one that is used, which goes to the end of
-- the line, so that it does not keep others from their turn.
local touched = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[1]) or 0)
if touched > tonumber(ARGV[3]) or redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2] > 0 then
  redis.call('ZADD', KEYS[3], 'XX', ARGV[4], ARGV[1])
  return false
end
local entry = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
return {
  tonumber(string.match(redis.call('GET', KEYS[2]) or '-1', '^-?%d+')),
  entry and tonumber(string.match(entry[1], '^%d+')) or 0
}
