--[[
The living gateways, and how many messages were accepted.

KEYS  nodes, loads, accepted
ARGV  age of a heartbeat that is too old (ms)
Returns  now, messages, then per gateway: node, heartbeat (ms), '<uptime ms> <sessions> <connections> <unconfirmed>'
]]
--@include clock

local now = clock()
local answer = { now, tonumber(redis.call('GET', KEYS[3]) or 0) }
local nodes = redis.call('ZRANGE', KEYS[1], now - tonumber(ARGV[1]), '+inf', 'BYSCORE', 'WITHSCORES')
for i = 1, #nodes, 2 do
  answer[#answer + 1] = nodes[i]
  answer[#answer + 1] = nodes[i + 1]
  answer[#answer + 1] = redis.call('HGET', KEYS[2], nodes[i]) or '0 0 0 0'
end
return answer
