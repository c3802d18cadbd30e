-- Says that the owner lives, and up to when everything is in the cells.
-- KEYS: head, feed. ARGV: epoch, end of the log ('' = not known), asked: Redis' time in µs that the
-- owner knew before it asked the broker for that end.
-- Returns {} refused, or {version, Redis' time in µs}.
local head, feed, epoch, log_end, asked = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('HMGET', head, 'epoch', 'version', 'offset', 'append', 'as_of')
if stored[1] ~= epoch then return {} end -- also where nothing is stored

local as_of = tonumber(stored[4])
if log_end ~= '' and tonumber(stored[3]) + 1 >= tonumber(log_end) then
  as_of = math.floor(asked / 1000)
end
as_of = string.format('%.0f', math.max(as_of, tonumber(stored[5])))
redis.call('HSET', head, 'as_of', as_of)
redis.call('PUBLISH', feed, 'b ' .. epoch .. ' ' .. stored[2] .. ' ' .. as_of .. '\n')
local time = redis.call('TIME')
return { stored[2], time[1] .. string.rep('0', 6 - #time[2]) .. time[2] }
