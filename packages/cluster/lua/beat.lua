--[[
A gateway's heartbeat.

KEYS  nodes
ARGV  node
Returns  now (ms), 1 when the node was not known: it is new, was swept as dead, or Redis lost data
]]
--@include clock

local now = clock()
return { now, redis.call('ZADD', KEYS[1], now, ARGV[1]) }
