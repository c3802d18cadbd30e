-- Reads all that a leader goes on from, of one instant.
-- KEYS: head, inst, groups, quiet, inv. ARGV: epoch, then fields of the head.
-- Returns {} refused, or {the head's fields, the four hashes}.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return {} end
local held = { redis.call('HMGET', KEYS[1], unpack(ARGV, 2)) }
for i = 2, 5 do held[i] = redis.call('HGETALL', KEYS[i]) end
return held
