-- Who is in a project's documents, as each living gateway told it.
-- KEYS: lives   ARGV: prefix of the lives' hashes (same slot), project
local out = {}
for _, life in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local told = redis.call('HGET', ARGV[1] .. life, ARGV[2])
  if told then
    out[#out + 1] = told
  end
end
return out
