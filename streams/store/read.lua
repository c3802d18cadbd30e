-- Answers questions about a source, all at one instant.
-- KEYS: head. ARGV: questions, packed: {{command, name, argument, …}, …}; FIELDS.
-- Returns {} where nothing is stored, or {fields, answer, …}: an answer is packed, because a client
-- reads one long string in a fraction of the time that many short ones take.
local head = KEYS[1]
local fields = redis.call('HMGET', head, unpack(ARGV, 2))
if not fields[1] then return {} end
local base = head .. ':' .. redis.call('HGET', head, 'build') .. ':'
local reply = { fields }
for i, question in ipairs(cmsgpack.unpack(ARGV[1])) do
  local answer = redis.call(question[1], base .. question[2], unpack(question, 3))
  reply[i + 1] = cmsgpack.pack(answer)
end
return reply
