--[[
Removes from one user's registry the sessions of a gateway that it does not hold any more: all of them when the gateway
is dead, else all but those named.

KEYS  user record, sessions, cursors, node index, leaving
ARGV  target, node, cursor window (ms), offline grace (ms), then sessions to keep
Returns  how many were removed
]]
--@include clock
--@include drop-node

local now = clock()
local keep = {}
for i = 5, #ARGV do
  local value = redis.call('HGET', KEYS[2], ARGV[i])
  if value then
    keep[ARGV[i]] = value
    redis.call('HDEL', KEYS[2], ARGV[i])
  end
end
local keys = { record = KEYS[1], sessions = KEYS[2], cursors = KEYS[3], target = ARGV[1] }
local dropped = drop_node(keys, ARGV[2], KEYS[5], now, tonumber(ARGV[3]), tonumber(ARGV[4]))
if next(keep) then
  for session, value in pairs(keep) do redis.call('HSET', KEYS[2], session, value) end
  redis.call('PERSIST', KEYS[3])
  redis.call('ZREM', KEYS[5], ARGV[1])
else
  redis.call('SREM', KEYS[4], ARGV[1])
end
return dropped
