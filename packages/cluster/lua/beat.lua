--[[
A gateway's heartbeat.

KEYS  nodes, loads
ARGV  node, '<uptime ms> <sessions> <connections> <unconfirmed>'
Returns  1 when the node was not known: it is new, was swept as dead, or Redis lost data
]]
--@include clock

redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
return redis.call('ZADD', KEYS[1], clock(), ARGV[1])
