-- Take, or give back, the turn to change a document as a whole.
-- KEYS: lease   ARGV: token, milliseconds (0: give it back)
-- Returns 1 if the turn is, or was, the caller's.
if ARGV[2] == '0' then
  if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('DEL', KEYS[1])
    return 1
  end
  return 0
end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
