-- Announce presence of several documents to the processes that follow them, if there are others.
-- ARGV: origin (8 bytes), then per document: channel, awareness update
for i = 2, #ARGV, 2 do
  if redis.call('PUBSUB', 'NUMSUB', ARGV[i])[2] > 1 then
    redis.call('PUBLISH', ARGV[i], 'p' .. ARGV[1] .. ARGV[i + 1])
  end
end
