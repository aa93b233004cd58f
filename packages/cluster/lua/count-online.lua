--[[
How many users of a partition are online. Those whose grace is over count as offline, whether they were settled or not.

KEYS  online, leaving
Returns  users
]]
--@include clock

return redis.call('SCARD', KEYS[1]) - redis.call('ZCOUNT', KEYS[2], '-inf', clock())
