--[[
Users whose offline grace is over, by this server's clock. A grace that ends further away than it lasts began before the
clock was set back; it is pulled in.

KEYS  leaving
ARGV  offline grace (ms), how many at most
Returns  targets
]]
--@include clock

local now = clock()
local latest = now + tonumber(ARGV[1])
for _, target in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. latest, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  redis.call('ZADD', KEYS[1], latest, target)
end
return redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2])
