--[[
Tells every gateway that holds a session of a user to close it; with an auth key, removes the hash first. A gateway that
does not listen just now finds the mark when it registers its sessions again.

KEYS  user record, sessions, optionally auth
ARGV  bus prefix, bus line, reason
Returns  how many sessions are registered
]]
--@include clock
--@include drop-node

if KEYS[3] then redis.call('DEL', KEYS[3]) end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'c', clock() .. ' ' .. ARGV[3]) end
local sessions = redis.call('HKEYS', KEYS[2])
local told = {}
for _, session in ipairs(sessions) do
  local node = string.sub(session, 1, NODE_LENGTH)
  if not told[node] then
    told[node] = true
    redis.call('SPUBLISH', ARGV[1] .. node, ARGV[2])
  end
end
return #sessions
