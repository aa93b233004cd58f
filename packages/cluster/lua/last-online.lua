--[[
When a user was online.

KEYS  user record, sessions, leaving
ARGV  target, offline grace (ms)
Returns  now (ms), and 0 online, else last seen (ms), -1 never
]]
--@include clock
--@include presence

local now = clock()
if is_online(KEYS[2], KEYS[3], ARGV[1], now, tonumber(ARGV[2])) then return { now, 0 } end
return { now, tonumber(redis.call('HGET', KEYS[1], 'n') or -1) }
