--[[
A gateway's heartbeat.

KEYS  nodes, loads
ARGV  node, '<uptime ms> <sessions> <connections> <unconfirmed>'
Returns  now (ms), 1 when the node was not known: it is new, was swept as dead, or Redis lost data
]]
--@include clock

local now = clock()
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return { now, redis.call('ZADD', KEYS[1], now, ARGV[1]) }
