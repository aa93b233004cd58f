--[[
Accepts messages: numbers each, stores it in the user's inbox and tells every gateway that holds a session of the
user. One bus message per gateway and call, however many users. In a Cluster they are of one partition.

KEYS  six per message: user record, inbox, sessions, cursors, leaving, idempotency record
ARGV  1 deadline (ms, this server's clock; later than that nothing is done)  2 inbox cap  3 bus prefix
      4 epoch for new user records  5 cursor window (ms)  6 offline grace (ms)  7 retention (ms)
      8 idempotency lifetime (ms), then four per message: target, '<event> <data>', ttl (ms),
      '1' when an idempotency key was given
Returns  now (ms), then one text with a line per message: epoch, seq, sessions told, lost by the cap, expired, '1' when
         repeated; or '- ' and the text of a fault that the message met
         only now: it was too late and nothing was stored
]]
--@include clock
--@include record
--@include drop-node
--@include trim

local HEAD, PER_KEYS, PER_ARGS = 8, 6, 4
-- The inbox key expires a little later than needed (ms), so that the next messages need not move it.
local SLACK = 60000

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local cap, retention = tonumber(ARGV[2]), tonumber(ARGV[7])
local count = (#ARGV - HEAD) / PER_ARGS
local answers = {}    -- message -> its line, without the sessions told
local places = {}     -- message -> epoch and seq, as an idempotency record has them
local told = {}       -- message -> sessions told
local lines = {}      -- node -> bus lines
local holders = {}    -- node -> messages, each as often as its user has sessions there
local first = {}      -- idempotency record -> the message of this call that has it
local faults = {}     -- message -> text
local twins = {}      -- message -> the earlier one with its idempotency key
-- Numbers become text slowly, and these are the same for most messages.
local now_text, expiry_texts = string.format('%d', now), {}

local function answer(i, place, rest)
  places[i], answers[i] = place, rest
end

local function expiry(ttl)
  local text = expiry_texts[ttl]
  if not text then
    text = string.format('%d', now + tonumber(ttl))
    expiry_texts[ttl] = text
  end
  return text
end

-- Stores message i. Returns its bus line.
local function store(i)
  local k, a = (i - 1) * PER_KEYS, HEAD + (i - 1) * PER_ARGS
  local inbox, body, ttl = KEYS[k + 2], ARGV[a + 2], ARGV[a + 3]
  local record = open_record(KEYS[k + 1], inbox, ARGV[4], now)
  local lost, expired = 0, 0
  if record.seq - record.floor >= cap then
    lost, expired = make_room(inbox, record, now, retention, cap)
  end
  record.seq = record.seq + 1
  local time_text = now_text
  -- Ids never go back, also when this server's clock does.
  if now >= record.time then record.time = now else time_text = string.format('%d', record.time) end
  local id = time_text .. string.format('-%d', record.seq)
  redis.call('XADD', inbox, id, 'm', body, 'x', expiry(ttl))
  ttl = tonumber(ttl)
  local expires = now + math.max(ttl, retention)
  if expires > record.expires then
    record.expires = expires + SLACK
    redis.call('PEXPIREAT', inbox, record.expires)
  end
  if ttl > record.longest then record.longest = ttl end
  save_record(KEYS[k + 1], record)
  local place = record.epoch .. string.format(' %d ', record.seq)
  answer(i, place, lost + expired == 0 and ' 0 0 0' or ' ' .. lost .. ' ' .. expired .. ' 0')
  return 'm ' .. ARGV[a + 1] .. ' ' .. record.epoch .. ' ' .. id .. ' ' .. body
end

-- Files the line of message i for every gateway that holds a session of its user.
local function address(i, line)
  for _, session in ipairs(redis.call('HKEYS', KEYS[(i - 1) * PER_KEYS + 3])) do
    local node = string.sub(session, 1, NODE_LENGTH)
    local held = holders[node]
    if not held then
      holders[node], lines[node] = { i }, { line }
    else
      if held[#held] ~= i then lines[node][#lines[node] + 1] = line end
      held[#held + 1] = i
    end
  end
end

for i = 1, count do
  told[i] = 0
  local key = ARGV[HEAD + i * PER_ARGS] == '1' and KEYS[i * PER_KEYS]
  local before = key and redis.call('GET', key)
  if before then
    local place, sessions = string.match(before, '^(%S+ %S+ )(%S+)$')
    told[i] = sessions
    answer(i, place, ' 0 0 1')
  elseif key and first[key] then
    twins[i] = first[key]
    answer(i, places[twins[i]], ' 0 0 1')
  else
    if key then first[key] = i end
    -- A fault in the keys of one user must not take the messages of others with it.
    local fine, fault = pcall(function() address(i, store(i)) end)
    if not fine then
      faults[i] = string.gsub(type(fault) == 'table' and fault.err or tostring(fault), '%s+', ' ')
      if key then first[key] = nil end
    end
  end
end

for node, list in pairs(lines) do
  local held = holders[node]
  if redis.call('SPUBLISH', ARGV[3] .. node, table.concat(list, '\n')) > 0 then
    for _, i in ipairs(held) do told[i] = told[i] + 1 end
  else
    -- Nobody listens: that gateway is dead or resubscribing. It registers its sessions again when it is back.
    for _, i in ipairs(held) do
      local k = (i - 1) * PER_KEYS
      local keys = { record = KEYS[k + 1], sessions = KEYS[k + 3], cursors = KEYS[k + 4], target = ARGV[HEAD + (i - 1) * PER_ARGS + 1] }
      drop_node(keys, node, KEYS[k + 5], now, tonumber(ARGV[5]), tonumber(ARGV[6]))
    end
  end
end

for i = 1, count do
  answers[i] = faults[i] and '- ' .. faults[i] or places[i] .. told[twins[i] or i] .. answers[i]
end
for key, i in pairs(first) do redis.call('SET', key, places[i] .. told[i], 'PX', ARGV[8]) end
return { now, table.concat(answers, '\n') }
