--[[
Gateways whose last heartbeat is old.

KEYS  nodes
ARGV  age (ms)
Returns  node, heartbeat (ms) per gateway
]]
--@include clock

return redis.call('ZRANGE', KEYS[1], 0, clock() - tonumber(ARGV[1]), 'BYSCORE', 'WITHSCORES')
