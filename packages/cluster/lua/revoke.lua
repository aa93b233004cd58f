--[[
Revokes a token, and tells every gateway that holds a session of its user. A gateway that does not listen just now finds
it when it registers its sessions again.

KEYS  sessions, revoked tokens, their ends
ARGV  1 deadline (ms)  2 digest  3 token  4 expiry of the token (ms), '' when it has none  5 bus prefix  6 bus line
Returns  now, 1; only now: it was too late and nothing was done
]]
--@include clock
--@include tell-gateways

-- Milliseconds. Clocks differ, so a token is not forgotten the moment it expires.
local DAY = 86400000
local WITHOUT_EXPIRY = 90 * DAY

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local expired = redis.call('ZRANGE', KEYS[3], '-inf', now, 'BYSCORE', 'LIMIT', 0, 1000)
if #expired > 0 then
  redis.call('HDEL', KEYS[2], unpack(expired))
  redis.call('ZREM', KEYS[3], unpack(expired))
end
local expiry = ARGV[4] == '' and now + WITHOUT_EXPIRY or tonumber(ARGV[4])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], string.format('%.0f', math.max(expiry, now + DAY)), ARGV[2])
local last = string.format('%.0f', redis.call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2])
redis.call('PEXPIREAT', KEYS[2], last)
redis.call('PEXPIREAT', KEYS[3], last)
tell_gateways(redis.call('HKEYS', KEYS[1]), ARGV[5], ARGV[6])
return { now, 1 }
