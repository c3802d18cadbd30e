-- Takes the lease or keeps it, and tells the time.
-- KEYS: lease, head. ARGV: owner, ms that it lasts.
-- Returns {epoch ('' = somebody else leads), Redis' time in ms}.
local lease, head, owner, lasts = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local clock = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local holder = redis.call('GET', lease)
if holder and holder ~= owner then return { '', clock } end

local epoch = redis.call('HGET', head, 'epoch')
if not holder or not epoch then
  -- Redis' time, so that epochs do not start again when everything stored is gone.
  local next = time[1] * 1000000 + time[2]
  if epoch then next = math.max(next, tonumber(epoch) + 1) end
  epoch = string.format('%.0f', next)
end
redis.call('SET', lease, owner, 'PX', lasts)
redis.call('HSET', head, 'epoch', epoch, 'beat_ms', clock)
return { epoch, clock }
