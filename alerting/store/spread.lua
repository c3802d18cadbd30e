-- Turns a notice into deliveries, once.
-- KEYS: out, deliv. ARGV: group, id of the notice, the deliveries.
-- Returns 1 done, 0 somebody else did.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
for i = 3, #ARGV do redis.call('XADD', KEYS[2], '*', 'd', ARGV[i]) end
return 1
