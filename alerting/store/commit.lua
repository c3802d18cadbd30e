-- Stores one tick of the leader, whole or not at all.
-- KEYS: head, inst, groups, quiet, inv, events, out, shown, feed, and what outcomes' keys begin with.
-- ARGV: epoch, expected seq, the head's fields and values, changes of the four hashes, events,
-- notices, outcomes (both as lists), what is shown ('' = as before), ms that events are kept.
-- Returns 1 done, 2 was done before (the reply had been lost), 0 refused.
local head, epoch, expected = KEYS[1], ARGV[1], tonumber(ARGV[2])
local stored = redis.call('HMGET', head, 'epoch', 'seq')
if stored[1] ~= epoch then return 0 end -- also where nothing is stored
local seq = tonumber(stored[2] or '0')
if seq == expected + 1 then return 2 end
if seq ~= expected then return 0 end

-- Decoded before the first write: nothing after this can fail.
local fields, changes, events, notices, outcomes = unpack(cmsgpack.unpack(ARGV[3]))
local shown, kept = ARGV[4], tonumber(ARGV[5])

-- In pieces: unpack() ends near 8,000 values.
local function each(command, key, list)
  for i = 1, #list, 1000 do
    redis.call(command, key, unpack(list, i, math.min(i + 999, #list)))
  end
end

for i, change in ipairs(changes) do
  each('HSET', KEYS[i + 1], change[1])
  each('HDEL', KEYS[i + 1], change[2])
end
local newest
for _, event in ipairs(events) do newest = redis.call('XADD', KEYS[6], '*', 'e', event) end
if newest then -- by the stream's own time
  local oldest = math.max(0, tonumber(string.match(newest, '^%d+')) - kept)
  redis.call('XTRIM', KEYS[6], 'MINID', '~', string.format('%.0f', oldest))
end
for _, notice in ipairs(notices) do redis.call('XADD', KEYS[7], '*', 'n', notice) end
for i = 1, #outcomes, 2 do
  redis.call('SET', KEYS[10] .. outcomes[i], outcomes[i + 1], 'EX', 120)
end
each('HSET', head, fields)
redis.call('HSET', head, 'seq', string.format('%.0f', seq + 1))
if shown ~= '' then
  redis.call('SET', KEYS[8], shown)
  redis.call('PUBLISH', KEYS[9], shown)
end
return 1
