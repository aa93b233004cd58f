--[[
Tells every gateway that holds a session of a user to close it; with an auth key, removes the hash first.

KEYS  sessions, optionally auth
ARGV  bus prefix, bus line
Returns  how many sessions are registered
]]
if KEYS[2] then redis.call('DEL', KEYS[2]) end
local sessions = redis.call('HKEYS', KEYS[1])
local told = {}
for _, session in ipairs(sessions) do
  local node = string.sub(session, 1, 12)
  if not told[node] then
    told[node] = true
    redis.call('SPUBLISH', ARGV[1] .. node, ARGV[2])
  end
end
return #sessions
