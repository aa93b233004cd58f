--[[
Removes a text.

KEYS  where
ARGV  deadline (ms)
Returns  now, 1 when there was one; only now: it was too late and nothing was done
]]
--@include clock

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
return { now, redis.call('DEL', KEYS[1]) }
