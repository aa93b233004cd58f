--[[
Publishes to channels: numbers and keeps each message where the channel has a history, and tells every gateway with
subscribers. One bus message per gateway and call, however many channels. In a Cluster they are of one partition.

KEYS  four per message: routing table, members, channel record, history
ARGV  1 deadline (ms)  2 bus prefix, then three per message: target, '<id> <user> <session> <event> <data>' with '-' for
      nobody, the sender's session or ''
Returns  now (ms), then one text with a line per message: sessions told, and where the channel keeps a history epoch and
         seq; or '- ' and the text of a fault that the message met
         only now: it was too late and nothing was published
]]
--@include clock
--@include channel-record
--@include outbox

local HEAD, PER_KEYS, PER_ARGS = 2, 4, 3

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local now_text = string.format('%d', now)
local tables = {}     -- routing table -> node, subscribers, node, subscribers …
local unnumbered = {} -- record -> true when the channel keeps no history
local answers, told = {}, {}

-- Keeps message i, when the channel has a history. Returns epoch, '<ms>-<seq>', and the answer's part.
local function keep(record, history, body)
  if unnumbered[record] then return '-', now_text .. '-0', '' end
  local channel = read_channel(record)
  if not channel then
    unnumbered[record] = true
    return '-', now_text .. '-0', ''
  end
  channel.seq = channel.seq + 1
  -- Ids never go back, also when this server's clock does.
  channel.time = math.max(channel.time, now)
  local id = string.format('%d-%d', channel.time, channel.seq)
  redis.call('XADD', history, 'MAXLEN', channel.length, id, 'm', body)
  save_channel(record, channel)
  return channel.epoch, id, ' ' .. channel.epoch .. string.format(' %d', channel.seq)
end

-- Stores message i and files its line for every gateway with subscribers.
local function publish(i)
  local k, a = (i - 1) * PER_KEYS, HEAD + (i - 1) * PER_ARGS
  local route, body = KEYS[k + 1], ARGV[a + 2]
  local epoch, id, place = keep(KEYS[k + 3], KEYS[k + 4], body)
  local nodes = tables[route]
  if not nodes then
    nodes = redis.call('HGETALL', route)
    tables[route] = nodes
  end
  local line = 'b ' .. ARGV[a + 1] .. ' ' .. epoch .. ' ' .. id .. ' ' .. body
  for n = 1, #nodes, 2 do post(nodes[n], line, route) end
  answers[i] = place
end

for i = 1, (#ARGV - HEAD) / PER_ARGS do
  -- A fault in the keys of one channel must not take the messages of others with it.
  local fine, fault = pcall(publish, i)
  if not fine then
    answers[i] = '- ' .. string.gsub(type(fault) == 'table' and fault.err or tostring(fault), '%s+', ' ')
    told[i] = ''
  end
end

local deaf = send(ARGV[2])
for i = 1, #answers do
  if not told[i] then
    local k, session = (i - 1) * PER_KEYS, ARGV[HEAD + i * PER_ARGS]
    local count, nodes = 0, tables[KEYS[k + 1]]
    for n = 1, #nodes, 2 do
      if not deaf[nodes[n]] then count = count + tonumber(nodes[n + 1]) end
    end
    -- The sender gets no echo.
    if session ~= '' and count > 0 and not deaf[string.match(session, '^[^.]+')]
      and redis.call('HEXISTS', KEYS[k + 2], session) == 1 then
      count = count - 1
    end
    told[i] = count
  end
  answers[i] = told[i] .. answers[i]
end
return { now, table.concat(answers, '\n') }
