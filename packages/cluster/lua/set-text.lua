--[[
Stores a text.

KEYS  where
ARGV  deadline (ms), text, ttl (s) or ''
Returns  now, 1; only now: it was too late and nothing was done
]]
--@include clock

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
if ARGV[3] == '' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return { now, 1 }
