-- Ends an attempt to deliver.
-- KEYS: deliv, later, dead. ARGV: group, id, what happened: 'done', 'later' or 'dead'; the delivery,
-- when it is tried again in ms, a delivery to somebody else instead ('' = none).
-- Returns 1 done, 0 somebody else did.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
if ARGV[3] == 'later' then redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4]) end
if ARGV[3] == 'dead' then redis.call('XADD', KEYS[3], '*', 'd', ARGV[4]) end
if ARGV[6] ~= '' then redis.call('XADD', KEYS[1], '*', 'd', ARGV[6]) end
return 1
