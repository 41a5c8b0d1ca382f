-- Begin an attempt to snapshot a document, unless one was begun a short while ago and has not ended well (yet).
-- KEYS: attempts, dirty   ARGV: name, time, seconds of the first pause, of the longest
-- Returns how many attempts there have been since one ended well, this one included; 0 where it is too early.
-- Whoever dies in an attempt has counted it, so a document that kills workers leaves more and more time to the others,
-- and goes to the end of the line.
local count, due = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '0 0', '^(%d+) (%d+)$')
local now = tonumber(ARGV[2])
if now < tonumber(due) then
  return 0
end
count = tonumber(count) + 1
local pause = math.min(tonumber(ARGV[3]) * 2 ^ (count - 1), tonumber(ARGV[4]))
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d %.0f', count, now + pause))
if count > 1 then
  redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])
end
return count
