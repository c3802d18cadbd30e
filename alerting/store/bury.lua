-- Puts aside what nobody can read.
-- KEYS: out or deliv, dead. ARGV: group, id, what was in it.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], '*', 'd', ARGV[3])
return 1
