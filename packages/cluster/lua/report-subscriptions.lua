--[[
A gateway says how many of its sockets are subscribed to channels now, and which came and went. It is the truth: the
count is absolute, and to hear the same again changes nothing and tells nobody. In a Cluster the channels of one call are
of one partition.

KEYS  five per channel: routing table, members, channel record, index of the node's channels, the swept ones
ARGV  1 deadline (ms)  2 bus prefix  3 node, then per channel: target, count, '1' when its subscribers are told who comes
      and goes, how many left, how many joined, how many are registered again, then the sessions that left, then
      session, '<user> <device> <details>' of those that joined, and of those registered again
Returns  now, then one text with a line per channel: how many members of the node it has now, how many messages it keeps,
         and if any epoch and seq; or '- ' and the text of a fault
         only now: it was too late and nothing was done
]]
--@include clock
--@include channel-record
--@include outbox

local PER_KEYS, PER_ARGS = 5, 6

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local node = ARGV[3]

local function tell(keys, kind, name, session, member)
  local line = kind .. ' ' .. name .. ' ' .. session .. ' ' .. string.match(member, '^%d+ %S+')
  keys.nodes = keys.nodes or redis.call('HKEYS', keys.route)
  for _, other in ipairs(keys.nodes) do post(other, line, keys.route) end
end

-- Enters the members at ARGV[from…to]. Returns how many were not there.
local function enter(keys, from, to, name, told)
  local fresh = 0
  for a = from, to, 2 do
    if redis.call('HSET', keys.members, ARGV[a], ARGV[a + 1]) == 1 then
      fresh = fresh + 1
      if told then tell(keys, 'j', name, ARGV[a], ARGV[a + 1]) end
    end
  end
  return fresh
end

local function report(keys, at)
  local name, count, tracked = ARGV[at], tonumber(ARGV[at + 1]), ARGV[at + 2] == '1'
  local gone = at + PER_ARGS
  local joined = gone + ARGV[at + 3]
  local kept = joined + 2 * ARGV[at + 4]
  if count > 0 then redis.call('HSET', keys.route, node, count) else redis.call('HDEL', keys.route, node) end
  local change = 0
  for a = gone, joined - 1 do
    local member = redis.call('HGET', keys.members, ARGV[a])
    if member then
      redis.call('HDEL', keys.members, ARGV[a])
      change = change - 1
      if tracked then tell(keys, 'l', name, ARGV[a], member) end
    end
  end
  change = change + enter(keys, joined, kept - 1, name, tracked)
  local last = kept + 2 * ARGV[at + 5] - 1
  if last >= kept then
    -- Who was announced as gone when this node was taken for dead is announced again.
    local swept = tracked and redis.call('SISMEMBER', keys.swept, name) == 1
    change = change + enter(keys, kept, last, name, swept)
  end
  local held = redis.call('HINCRBY', keys.members, node, change)
  if held <= 0 then redis.call('HDEL', keys.members, node) end
  if count > 0 or held > 0 then redis.call('SADD', keys.index, name) else redis.call('SREM', keys.index, name) end
  local channel, length = read_channel(keys.record)
  return held .. ' ' .. length .. (channel and ' ' .. channel.epoch .. string.format(' %d', channel.seq) or '')
end

local answers, at = {}, 4
for i = 1, #KEYS / PER_KEYS do
  local k = (i - 1) * PER_KEYS
  local keys = {
    route = KEYS[k + 1], members = KEYS[k + 2], record = KEYS[k + 3], index = KEYS[k + 4], swept = KEYS[k + 5],
  }
  -- A fault in the keys of one channel must not take the reports of others with it.
  local fine, answer = pcall(report, keys, at)
  if not fine then
    answer = '- ' .. string.gsub(type(answer) == 'table' and answer.err or tostring(answer), '%s+', ' ')
  end
  answers[i] = answer
  at = at + PER_ARGS + ARGV[at + 3] + 2 * (ARGV[at + 4] + ARGV[at + 5])
end
send(ARGV[2])
return { now, table.concat(answers, '\n') }
