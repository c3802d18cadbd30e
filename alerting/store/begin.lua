-- Finds out what of a delivery is still to be told, and writes down that it is being told: before
-- it is sent, so that whoever may have heard that an alert fires hears that it is over, too.
-- KEYS: inst, what the keys of told begin with. ARGV: kind of the notice, address, the delivery's
-- key; of each item: the instance's field, episode, kind of event, severity,
-- Redis' time in ms when it happened.
-- Returns the numbers of the items, from 1.
local kind, address, key = ARGV[1], ARGV[2], ARGV[3]
local time = redis.call('TIME')
local clock = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local FIRING_S, OVER_S = 400 * 86400, 35 * 86400 -- what is told of an episode is kept so long

local function decoded(json)
  return json and cjson.decode(json) or nil
end

-- Returns whether to tell an item, and of which firing of the episode: it may fire several times.
local function wanted(item, known)
  local firing = known and known.kind == 'fire'
  local mine = known and known.key == key -- this very delivery was begun before
  if kind == 'ack' or kind == 'unack' then return firing, nil end
  local instance = decoded(redis.call('HGET', KEYS[1], item.field))
  local there = instance and instance.episode == item.episode
    and (instance.condition == 'firing' or instance.condition == 'cooling')
  local earlier = there and known and known.reopened < instance.n_reopen
  if item.over then
    -- That it was over is out of date for those who know that it fires again.
    return (firing or mine) and (earlier or not there), known and known.reopened
  end
  if not there or type(instance.ack) == 'table' then return false, nil end
  if kind == 'reminder' or kind == 'escalation' then return true, instance.n_reopen end
  -- Worse again after it had got better, which nobody was told: whoever took it on must know.
  local again = item.kind == 'escalate' and known and known.clock_ms < item.clock
  local news = not firing or earlier or again or known.severity < item.severity
  return news or mine, instance.n_reopen
end

local found, writes = {}, {}
for i = 4, #ARGV, 5 do
  local item = {
    field = ARGV[i], episode = ARGV[i + 1], kind = ARGV[i + 2], severity = tonumber(ARGV[i + 3]),
    clock = tonumber(ARGV[i + 4]),
  }
  item.over = kind == 'resolve' or item.kind == 'resolve' or item.kind == 'close'
  local name = KEYS[2] .. item.episode
  local known = decoded(redis.call('HGET', name, address))
  local tell, firing = wanted(item, known)
  if tell then found[#found + 1] = (i - 4) / 5 + 1 end
  if tell and firing then
    local becomes, severity = item.over and 'resolve' or 'fire', item.severity
    if known and known.kind == becomes then severity = math.max(severity, known.severity) end
    writes[#writes + 1] = { name, becomes, string.format(
      '{"kind":"%s","severity":%d,"clock_ms":%s,"key":%s,"reopened":%d}',
      becomes, severity, clock, cjson.encode(key), firing
    ) }
  end
end
for _, write in ipairs(writes) do
  redis.call('HSET', write[1], address, write[3])
  redis.call('EXPIRE', write[1], write[2] == 'fire' and FIRING_S or OVER_S)
end
return found
