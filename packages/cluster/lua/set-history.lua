--[[
Sets how many messages a channel keeps. Fewer than before: the oldest go at once. None: all go, and numbering begins anew
when some are kept again.

KEYS  channel record, history
ARGV  deadline (ms), how many, epoch for a history that begins
Returns  now, 1; only now: it was too late and nothing was done
]]
--@include clock
--@include channel-record

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local length = tonumber(ARGV[2])
local channel = read_channel(KEYS[1])
redis.call('HSET', KEYS[1], 'n', length)
if length == 0 then
  redis.call('HDEL', KEYS[1], 'r')
  redis.call('DEL', KEYS[2])
elseif channel then
  redis.call('XTRIM', KEYS[2], 'MAXLEN', length)
else
  redis.call('DEL', KEYS[2])
  save_channel(KEYS[1], { epoch = ARGV[3], seq = 0, time = 0 })
end
return { now, 1 }
