--[[
Accepts messages: numbers each, stores it in the user's inbox and tells every gateway that holds a session of the
user. One bus message per gateway and call, however many users. In a Cluster they are of one partition.

KEYS  six per message: user record, inbox, sessions, cursors, leaving, idempotency record
ARGV  1 deadline (ms, this server's clock; later than that nothing is done)  2 inbox cap  3 bus prefix
      4 epoch for new user records  5 cursor window (ms)  6 offline grace (ms)  7 retention (ms)
      8 idempotency lifetime (ms), then five per message: target, event, data, ttl (ms),
      '1' when an idempotency key was given
Returns  now (ms), then per message: epoch, seq, sessions told, lost by the cap, expired, '1' when repeated
         only now: it was too late and nothing was stored
]]
--@include clock
--@include record
--@include drop-node
--@include trim

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local SLACK = 60000
local cap, retention = tonumber(ARGV[2]), tonumber(ARGV[7])
local answers = { now }
local lines = {}      -- node -> bus lines
local holders = {}    -- node -> messages whose user has sessions there
local pending = {}
local keyed = {}      -- idempotency record -> the message of this call that has it

for i = 0, (#ARGV - 8) / 5 - 1 do
  local k, a = i * 6, 8 + i * 5
  local message = {
    record = KEYS[k + 1], inbox = KEYS[k + 2], sessions = KEYS[k + 3], cursors = KEYS[k + 4],
    leaving = KEYS[k + 5], idem = KEYS[k + 6], target = ARGV[a + 1], keyed = ARGV[a + 5] == '1', told = 0, at = #answers,
  }
  local first = message.keyed and redis.call('GET', message.idem)
  local twin = message.keyed and keyed[message.idem]
  if twin then
    message.epoch, message.seq, message.twin = twin.epoch, twin.seq, twin
    answers[#answers + 1] = twin.epoch
    answers[#answers + 1] = twin.seq
    answers[#answers + 1] = 0
    answers[#answers + 1] = 0
    answers[#answers + 1] = 0
    answers[#answers + 1] = 1
    pending[#pending + 1] = message
  elseif first then
    local epoch, seq, told = string.match(first, '^(%S+) (%S+) (%S+)$')
    answers[#answers + 1] = epoch
    answers[#answers + 1] = seq
    answers[#answers + 1] = told
    answers[#answers + 1] = 0
    answers[#answers + 1] = 0
    answers[#answers + 1] = 1
  else
    local record = open_record(message.record, message.inbox, ARGV[4], now)
    local time, ttl = math.max(now, record.time), tonumber(ARGV[a + 4])
    local lost, expired = 0, 0
    if record.seq - record.floor >= cap then
      lost, expired = make_room(message.inbox, record, now, retention, cap)
    end
    local seq = record.seq + 1
    redis.call('XADD', message.inbox, time .. '-' .. seq, 'e', ARGV[a + 2], 'd', ARGV[a + 3], 'x', time + ttl)
    local expires = now + math.max(ttl, retention)
    if expires > record.expires then
      -- A little longer than needed, so that the next messages need not move it.
      record.expires = expires + SLACK
      redis.call('PEXPIREAT', message.inbox, record.expires)
    end
    record.seq, record.time = seq, time
    if ttl > record.longest then record.longest = ttl end
    save_record(message.record, record)
    message.seq = seq
    message.epoch = record.epoch
    answers[#answers + 1] = record.epoch
    answers[#answers + 1] = seq
    answers[#answers + 1] = 0
    answers[#answers + 1] = lost
    answers[#answers + 1] = expired
    answers[#answers + 1] = 0
    local line = 'm ' .. message.target .. ' ' .. record.epoch .. ' ' .. seq .. ' ' .. time .. ' ' .. ARGV[a + 2]
      .. ' ' .. ARGV[a + 3]
    local seen = {}
    for _, session in ipairs(redis.call('HKEYS', message.sessions)) do
      local node = string.sub(session, 1, NODE_LENGTH)
      if seen[node] then
        seen[node] = seen[node] + 1
      else
        seen[node] = 1
        local list = lines[node]
        if list then
          list[#list + 1] = line
          holders[node][#holders[node] + 1] = message
        else
          lines[node] = { line }
          holders[node] = { message }
        end
      end
    end
    message.seen = seen
    pending[#pending + 1] = message
    if message.keyed then keyed[message.idem] = message end
  end
end

for node, list in pairs(lines) do
  if redis.call('SPUBLISH', ARGV[3] .. node, table.concat(list, '\n')) == 0 then
    -- Nobody listens: that gateway is dead or resubscribing. It registers its sessions again when it is back.
    for _, message in ipairs(holders[node]) do
      drop_node(message, node, message.leaving, now, tonumber(ARGV[5]), tonumber(ARGV[6]))
    end
  else
    for _, message in ipairs(holders[node]) do message.told = message.told + message.seen[node] end
  end
end

for _, message in ipairs(pending) do
  answers[message.at + 3] = message.twin and message.twin.told or message.told
  if message.keyed and not message.twin then
    redis.call('SET', message.idem, message.epoch .. ' ' .. message.seq .. ' ' .. message.told, 'PX', ARGV[8])
  end
end
return answers
