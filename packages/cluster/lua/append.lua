--[[
Accepts messages: numbers each, stores it in the user's inbox and tells every gateway that holds a session of the
user. One bus message per gateway and call, however many users. In a Cluster they are of one partition.

KEYS  five per message: user record, inbox, sessions, cursors, leaving; then the idempotency records
ARGV  1 deadline (ms, this server's clock; later than that nothing is done)  2 inbox cap  3 bus prefix
      4 epochs for new user records: that of message i begins at character i  5 cursor window (ms)  6 offline grace (ms)
      7 retention (ms)  8 idempotency lifetime (ms)  9 which messages have an idempotency record ('2 5'; the first is 1),
      then three per message: target, '<event> <data>', ttl (ms)
Returns  now (ms), then one text with a line per message: epoch, seq, sessions told, lost by the cap, expired, '1' when
         repeated; or '- ' and the text of a fault that the message met
         only now: it was too late and nothing was stored
]]
--@include clock
--@include record
--@include drop-node
--@include trim

local HEAD, PER_KEYS, PER_ARGS = 9, 5, 3
-- The inbox key expires a little later than needed (ms), so that the next messages need not move it.
local SLACK = 60000
-- Looked up once, not for each message.
local KEYS, ARGV, call, format, sub = KEYS, ARGV, redis.call, string.format, string.sub

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local cap, retention = tonumber(ARGV[2]), tonumber(ARGV[7])
local count = (#ARGV - HEAD) / PER_ARGS
local places = {}     -- message -> epoch and seq, as an idempotency record has them
local rests = {}      -- message -> the end of its answer, when it is not as for most
local told = {}       -- message -> sessions told
local mails = {}      -- node -> {bus lines, messages: each as often as its user has sessions there}
local keyed = {}      -- message -> its idempotency record
local first = {}      -- idempotency record -> the message of this call that has it
local faults = {}     -- message -> text
local twins = {}      -- message -> the earlier one with its idempotency key
local scratch = new_record()
-- Numbers become text slowly, and these are the same for most messages.
local now_text, lives = format('%d', now), {}

-- What follows from a ttl: {ttl (ms), when the message expires as text, until when the inbox is needed (ms)}.
local function life_of(text)
  local life = lives[text]
  if not life then
    local ttl = tonumber(text)
    life = { ttl, format('%d', now + ttl), now + math.max(ttl, retention) }
    lives[text] = life
  end
  return life
end

-- Stores message i. Returns its bus line.
local function store(i)
  local k, a = (i - 1) * PER_KEYS, HEAD + (i - 1) * PER_ARGS
  local inbox, body, life = KEYS[k + 2], ARGV[a + 2], life_of(ARGV[a + 3])
  local record = open_record(KEYS[k + 1], inbox, sub(ARGV[4], i, i + 9), now, scratch)
  local gone = expired_with_inbox(record, now)
  if gone > 0 then
    rests[i] = ' 0 ' .. gone .. ' 0'
  elseif record.seq - record.floor >= cap then
    local lost, expired = make_room(inbox, record, now, retention, cap)
    rests[i] = ' ' .. lost .. ' ' .. expired .. ' 0'
  end
  local seq = record.seq + 1
  record.seq = seq
  local time_text = now_text
  -- Ids never go back, also when this server's clock does.
  if now >= record.time then record.time = now else time_text = format('%d', record.time) end
  local id = time_text .. format('-%d', seq)
  call('XADD', inbox, id, 'm', body, 'x', life[2])
  if life[3] > record.expires then
    record.expires = life[3] + SLACK
    call('PEXPIREAT', inbox, record.expires)
  end
  if life[1] > record.longest then record.longest = life[1] end
  save_record(KEYS[k + 1], record)
  places[i] = record.epoch .. format(' %d ', seq)
  return 'm ' .. ARGV[a + 1] .. ' ' .. record.epoch .. ' ' .. id .. ' ' .. body
end

-- Stores message i and files its line for every gateway that holds a session of its user.
local function accept(i)
  local line = store(i)
  local sessions = call('HKEYS', KEYS[(i - 1) * PER_KEYS + 3])
  for s = 1, #sessions do
    local node = sub(sessions[s], 1, NODE_LENGTH)
    local mail = mails[node]
    if not mail then
      mail = { lines = {}, held = {} }
      mails[node] = mail
    end
    local lines, held = mail.lines, mail.held
    if held[#held] ~= i then lines[#lines + 1] = line end
    held[#held + 1] = i
  end
end

local place = count * PER_KEYS
for i in string.gmatch(ARGV[9], '%d+') do
  place = place + 1
  keyed[tonumber(i)] = KEYS[place]
end

for i = 1, count do
  told[i] = 0
  local key = keyed[i]
  local before = key and call('GET', key)
  if before then
    places[i], told[i] = string.match(before, '^(%S+ %S+ )(%S+)$')
    rests[i] = ' 0 0 1'
  elseif key and first[key] then
    twins[i] = first[key]
    places[i], rests[i] = places[twins[i]], ' 0 0 1'
  else
    if key then first[key] = i end
    -- A fault in the keys of one user must not take the messages of others with it.
    local fine, fault = pcall(accept, i)
    if not fine then
      faults[i] = string.gsub(type(fault) == 'table' and fault.err or tostring(fault), '%s+', ' ')
      if key then first[key] = nil end
    end
  end
end

for node, mail in pairs(mails) do
  if call('SPUBLISH', ARGV[3] .. node, table.concat(mail.lines, '\n')) > 0 then
    for _, i in ipairs(mail.held) do told[i] = told[i] + 1 end
  else
    -- Nobody listens: that gateway is dead or resubscribing. It registers its sessions again when it is back.
    for _, i in ipairs(mail.held) do
      local k = (i - 1) * PER_KEYS
      local keys = { record = KEYS[k + 1], sessions = KEYS[k + 3], cursors = KEYS[k + 4], target = ARGV[HEAD + (i - 1) * PER_ARGS + 1] }
      drop_node(keys, node, KEYS[k + 5], now, tonumber(ARGV[5]), tonumber(ARGV[6]))
    end
  end
end

local answers = {}
for i = 1, count do
  answers[i] = faults[i] and '- ' .. faults[i] or places[i] .. told[twins[i] or i] .. (rests[i] or ' 0 0 0')
end
for key, i in pairs(first) do call('SET', key, places[i] .. told[i], 'PX', ARGV[8]) end
return { now, table.concat(answers, '\n') }
