-- Counts the pages to one person.
-- KEYS: the person's. ARGV: now, within how many ms, key of a page that is sent ('' = none).
-- Returns how many were sent within that time, and when the oldest of them was.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { redis.call('ZCARD', KEYS[1]), oldest[2] or '' }
