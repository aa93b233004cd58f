--[[
The offline grace of a user is over: offline, unless a session came back.

KEYS  leaving, user record, sessions
ARGV  target
Returns  1 when the user went offline now
]]
--@include clock

local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due or tonumber(due) > clock() then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if redis.call('HGET', KEYS[2], 'o') ~= '1' then return 0 end
redis.call('HDEL', KEYS[2], 'o')
return 1
