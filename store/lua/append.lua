-- Append the commits of several documents, and announce each to the other processes that follow it.
-- KEYS: dirty, logs, then per document: log, number
-- ARGV: origin (8 bytes), time, longest announced body, 1 if the origin follows these documents itself, then per document: name, channel, known, count, body
-- Returns per document: {last number, 1 if it was clean before}, or false where the log has lost records.
local dirty, logs = KEYS[1], KEYS[2]
local origin, now, longest, itself = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local out = {}
for i = 0, (#KEYS - 2) / 2 - 1 do
  local log, number = KEYS[3 + 2 * i], KEYS[4 + 2 * i]
  local at = 5 + 5 * i
  local name, channel, known, count, body = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4]
  local n = tonumber(redis.call('GET', number) or -1)
  if n < known then
    out[#out + 1] = false
  else
    local last = string.format('%.0f', n + count)
    redis.call('XADD', log, last .. '-0', 'r', body)
    redis.call('SET', number, last)
    redis.call('ZADD', logs, now, name)
    local clean = redis.call('ZADD', dirty, 'NX', now, name)
    -- A process that alone follows a document does not pay to hear itself.
    if redis.call('PUBSUB', 'NUMSUB', channel)[2] > itself then
      local announced = #body <= longest and body or ''
      redis.call('PUBLISH', channel, 'c' .. origin .. struct.pack('>I4I8', count, n + count) .. announced)
    end
    out[#out + 1] = {n + count, clean}
  end
end
return out
