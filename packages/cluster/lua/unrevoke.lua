--[[
Forgets that a token was revoked.

KEYS  revoked tokens, their ends
ARGV  deadline (ms), digest
Returns  now, 1 when it was revoked; only now: it was too late and nothing was done
]]
--@include clock

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local ends = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[2]) or 0)
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[1], ARGV[2])
return { now, ends > now and 1 or 0 }
