-- Makes the caller the owner of a source.
-- KEYS: head. ARGV: hash of the settings that change cells, their config_since, log begin, log end.
-- Returns {'older', stored hash, stored config_since}, or {'new' | 'kept', field, …} in the order of FIELDS.
local head, hash, since, log_begin, log_end = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local stored = redis.call('HMGET', head, 'epoch', 'hash', 'since', 'build')
local changed = stored[2] ~= hash -- also where nothing is stored
if stored[2] and changed and tonumber(since) <= tonumber(stored[3]) then
  return { 'older', stored[2], stored[3] }
end

-- Redis' time, so that epochs do not start again when everything stored is gone.
local time = redis.call('TIME')
local epoch = time[1] * 1000000 + time[2]
if stored[1] then epoch = math.max(epoch, tonumber(stored[1]) + 1) end
epoch = string.format('%.0f', epoch) -- tostring() would print 1.7e+15

if changed then
  if stored[4] then -- the cells of other settings
    local base = head .. ':' .. stored[4] .. ':'
    for _, name in ipairs(redis.call('SMEMBERS', base .. 'hashes')) do
      redis.call('UNLINK', base .. name)
    end
    redis.call('UNLINK', base .. 'hashes', base .. 'segments', base .. 'contacts')
  end
  redis.call('DEL', head)
  redis.call('HSET', head, 'version', 0, 'offset', log_begin - 1, 'record', -1, 'append', 0,
    'top', 0, 'hash', hash, 'build', epoch, 'as_of', 0,
    'gap', tonumber(log_begin) > 0 and '0-' .. log_begin or '')
  if tonumber(log_end) > tonumber(log_begin) then redis.call('HSET', head, 'until', log_end) end
end
redis.call('HSET', head, 'epoch', epoch)
if changed or tonumber(since) > tonumber(stored[3]) then redis.call('HSET', head, 'since', since) end
return { changed and 'new' or 'kept', unpack(redis.call('HMGET', head, unpack(ARGV, 5))) }
