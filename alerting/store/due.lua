-- Takes up what is to be tried again by now.
-- KEYS: later, deliv. ARGV: Redis' time in ms, at most so many.
-- Returns how many.
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, delivery in ipairs(found) do
  redis.call('ZREM', KEYS[1], delivery)
  redis.call('XADD', KEYS[2], '*', 'd', delivery)
end
return #found
