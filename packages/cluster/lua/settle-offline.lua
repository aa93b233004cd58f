--[[
The offline grace of a user is over: offline, unless a session came back. The subscribers of the user's status are told.

KEYS  leaving, sessions, online, watchers
ARGV  target, offline grace (ms), bus prefix
Returns  1 when the user went offline now
]]
--@include clock
--@include presence

local now = clock()
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if is_online(KEYS[2], KEYS[1], ARGV[1], now, tonumber(ARGV[2])) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('SREM', KEYS[3], ARGV[1]) == 0 then return 0 end
tell_presence(KEYS[4], ARGV[3], ARGV[1], 0, now)
return 1
