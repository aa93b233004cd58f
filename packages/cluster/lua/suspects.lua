--[[
Gateways whose last heartbeat is old. One that lies ahead is from before this server's clock was set back; it is pulled in,
for who beats no more would live on until then.

KEYS  nodes
ARGV  age (ms)
Returns  node, heartbeat (ms) per gateway
]]
--@include clock

local now = clock()
for _, node in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE')) do
  redis.call('ZADD', KEYS[1], now, node)
end
return redis.call('ZRANGE', KEYS[1], 0, now - tonumber(ARGV[1]), 'BYSCORE', 'WITHSCORES')
