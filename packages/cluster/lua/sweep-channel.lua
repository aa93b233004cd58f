--[[
Removes members of a channel that a gateway does not hold any more: all of them, and the gateway from the routing table,
when it is dead; else all of its members but those named. A step at a time.

KEYS  routing table, members, index of the node's channels, the swept ones
ARGV  1 bus prefix  2 target  3 node  4 '1' when subscribers are told who goes  5 cursor, 0 at first
      6 '1' when the node is dead, then sessions to keep
Returns  the next cursor, '0' at the end
]]
--@include outbox

-- How long (ms) it is known that members were announced as gone: a gateway taken for dead may come back.
local SWEPT_LIFETIME = 3600000

local name, node, tracked, dead = ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[6] == '1'
local keep = {}
for i = 7, #ARGV do keep[ARGV[i]] = true end
if dead then redis.call('HDEL', KEYS[1], node) end
local nodes = tracked and redis.call('HKEYS', KEYS[1]) or {}
local step = redis.call('HSCAN', KEYS[2], ARGV[5], 'COUNT', 500)
local gone = 0
for i = 1, #step[2], 2 do
  local session, member = step[2][i], step[2][i + 1]
  if string.match(session, '^([^.]+)%.') == node and not keep[session] and redis.call('HDEL', KEYS[2], session) == 1 then
    gone = gone + 1
    local line = tracked and 'l ' .. name .. ' ' .. session .. ' ' .. string.match(member, '^%d+ %S+')
    for _, other in ipairs(nodes) do post(other, line, KEYS[1]) end
  end
end
if gone > 0 and redis.call('HINCRBY', KEYS[2], node, -gone) <= 0 then redis.call('HDEL', KEYS[2], node) end
if gone > 0 and dead and tracked then
  redis.call('SADD', KEYS[4], name)
  redis.call('PEXPIRE', KEYS[4], SWEPT_LIFETIME)
end
if dead and step[1] == '0' then
  redis.call('HDEL', KEYS[2], node)
  redis.call('SREM', KEYS[3], name)
end
send(ARGV[1])
return step[1]
