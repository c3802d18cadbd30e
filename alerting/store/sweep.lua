-- Forgets old dead letters, and senders that have gone.
-- KEYS: dead, out, deliv. ARGV: group, the oldest ms to be kept, idle ms after which one has gone.
redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
for i = 2, 3 do
  local groups = redis.call('EXISTS', KEYS[i]) == 1 and redis.call('XINFO', 'GROUPS', KEYS[i]) or {}
  for _, group in ipairs(groups) do
    if group[2] == ARGV[1] then
      for _, sender in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[i], ARGV[1])) do
        -- In one script: one that takes something meanwhile would lose it.
        if sender[4] == 0 and sender[6] > tonumber(ARGV[3]) then
          redis.call('XGROUP', 'DELCONSUMER', KEYS[i], ARGV[1], sender[2])
        end
      end
    end
  end
end
return 1
