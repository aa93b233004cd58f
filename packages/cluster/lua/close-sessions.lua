--[[
Tells every gateway that holds a session of a user to close it; with an auth key, removes the hash first. A gateway that
does not listen just now finds the mark when it registers its sessions again.

KEYS  user record, sessions, optionally auth
ARGV  deadline (ms), bus prefix, bus line, reason
Returns  now, how many sessions are registered, 1 when there was a hash; only now: it was too late and nothing was done
]]
--@include clock
--@include tell-gateways

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local removed = KEYS[3] and redis.call('DEL', KEYS[3]) or 0
local known = redis.call('EXISTS', KEYS[1]) == 1
redis.call('HSET', KEYS[1], 'c', now .. ' ' .. ARGV[4])
-- Redis may just have lost the user; then the mark alone need not stay long.
if not known then redis.call('PEXPIRE', KEYS[1], 3600000) end
local sessions = redis.call('HKEYS', KEYS[2])
tell_gateways(sessions, ARGV[2], ARGV[3])
return { now, #sessions, removed }
