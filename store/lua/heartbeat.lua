-- A gateway's sign of life.
-- KEYS: gateways   ARGV: gateway, description, seconds to live
-- Returns {1 if Redis still knew this gateway, live descriptions…}.
local now = tonumber(redis.call('TIME')[1])
local knew = redis.call('HEXISTS', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], now .. ' ' .. ARGV[2])
local out = {knew}
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^%d+'))
  if now - at > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], all[i])
  else
    out[#out + 1] = string.match(all[i + 1], "^%d+ (.*)$")
  end
end
return out
