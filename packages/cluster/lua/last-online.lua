--[[
When a user was online.

KEYS  user record, sessions, leaving
ARGV  target, offline grace (ms)
Returns  0 online now, else last seen (ms), -1 never
]]
--@include clock
--@include presence

if is_online(KEYS[2], KEYS[3], ARGV[1], clock(), tonumber(ARGV[2])) then return 0 end
return tonumber(redis.call('HGET', KEYS[1], 'n') or -1)
