--[[
Reads what a channel keeps, oldest first.

KEYS  channel record, history
ARGV  1 epoch of the position to read behind, or ''  2 its seq  3 a new epoch
Returns  epoch or '', last seq, how many messages the channel keeps, '1' when nothing behind that position is missing, then
         id, '<id> <user> <session> <event> <data>' per message
]]
--@include channel-record

local channel, length = read_channel(KEYS[1])
local asked = ARGV[1] ~= ''
if not channel then return { '', 0, length, asked and 0 or 1 } end
local after, known = tonumber(ARGV[2]), ARGV[1] == channel.epoch
if known and after > channel.seq then
  -- Somebody has seen more than this server knows: the newest messages were lost here (a failover, an unsynced AOF). A
  -- new epoch keeps their numbers from being used twice.
  channel.epoch, known = ARGV[3], false
  save_channel(KEYS[1], channel)
end
if not known then after = 0 end
local wanted = channel.seq - after
local entries = wanted > 0 and redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', wanted) or {}
local complete = not asked or known and #entries == wanted
local answer = { channel.epoch, channel.seq, length, complete and 1 or 0 }
for i = #entries, 1, -1 do
  answer[#answer + 1] = entries[i][1]
  answer[#answer + 1] = entries[i][2][2]
end
return answer
