-- Stores one commit and publishes it, whole or not at all.
-- KEYS: head, feed. ARGV: epoch, expected version, offset, offset of the last record, its append time,
-- top, gap, visible, facts.
-- Returns 1 done, 2 was done before (the reply had been lost), 0 refused.
local head, feed, epoch, expected = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HMGET', head, 'epoch', 'version', 'build', 'until')
if stored[1] ~= epoch then return 0 end -- also where nothing is stored
local version = tonumber(stored[2])
if version == expected + 1 then return 2 end
if version ~= expected then return 0 end

-- Decoded before the first write: nothing after this can fail.
local _, segments, hashes = unpack(cmsgpack.unpack(ARGV[8]))
local names, tails, replaced, gone = unpack(cmsgpack.unpack(ARGV[9]))
local base = head .. ':' .. stored[3] .. ':'

-- In pieces: unpack() ends near 8,000 values.
local function each(command, key, list)
  for i = 1, #list, 1000 do
    redis.call(command, key, unpack(list, i, math.min(i + 999, #list)))
  end
end

for _, hash in ipairs(hashes) do
  local name, set, del = unpack(hash)
  each('HSET', base .. name, set)
  each('HDEL', base .. name, del)
  local kept = redis.call('EXISTS', base .. name) == 1
  redis.call(kept and 'SADD' or 'SREM', base .. 'hashes', name)
end
each('SADD', base .. 'segments', segments)

local contacts, appended = base .. 'contacts', {}
for i = 1, #names, 1000 do
  local last = math.min(i + 999, #names)
  local held = redis.call('HMGET', contacts, unpack(names, i, last))
  for j = i, last do
    appended[2 * j - 1] = names[j]
    local before = held[j - i + 1]
    appended[2 * j] = before and before .. tails[j] or tails[j]
  end
end
each('HSET', contacts, appended)
each('HSET', contacts, replaced)
each('HDEL', contacts, gone)

version = string.format('%.0f', version + 1)
redis.call('HSET', head, 'version', version, 'offset', ARGV[3], 'record', ARGV[4],
  'append', ARGV[5], 'top', ARGV[6], 'gap', ARGV[7])
if stored[4] and tonumber(ARGV[3]) + 1 >= tonumber(stored[4]) then redis.call('HDEL', head, 'until') end
redis.call('PUBLISH', feed, 'c ' .. epoch .. ' ' .. version .. ' ' .. ARGV[3] .. '\n' .. ARGV[8])
return 1
