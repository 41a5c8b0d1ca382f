-- Append the commits of several documents, and announce each to the other processes that follow it.
-- KEYS: dirty, logs (in the same slot as every document's keys)
-- ARGV: origin (8 bytes), time, longest announced body, 1 if the origin follows these documents itself,
--       then per document: name, known, count, body
-- Returns per document the last number, or false where the log has lost records.
-- This is the hot path of Redis: four commands for a document that is dirty already.
local origin, now, longest, itself = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local out = {}
for at = 5, #ARGV, 4 do
  local name, count, body = ARGV[at], tonumber(ARGV[at + 2]), ARGV[at + 3]
  local number = 'atrium:{documents}:number:' .. name
  local value = redis.call('GET', number) or '-1'
  local clean = string.sub(value, -1) == 'c'
  local n = tonumber(clean and string.sub(value, 1, -2) or value)
  if n < tonumber(ARGV[at + 1]) then
    out[#out + 1] = false
  else
    n = n + count
    local last = string.format('%.0f', n)
    redis.call('XADD', 'atrium:{documents}:log:' .. name, last .. '-0', 'r', body)
    redis.call('SET', number, last)
    if clean then
      redis.call('ZADD', KEYS[1], now, name)
      redis.call('ZADD', KEYS[2], now, name)
    end
    -- A process that alone follows a document does not pay to hear itself.
    local channel = 'atrium:doc:' .. name
    if redis.call('PUBSUB', 'NUMSUB', channel)[2] > itself then
      local announced = #body <= longest and body or ''
      redis.call('PUBLISH', channel, 'c' .. origin .. struct.pack('>I4I8', count, n) .. announced)
    end
    out[#out + 1] = n
  end
end
return out
