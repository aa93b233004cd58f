-- The channel record, a hash: n how many messages the channel keeps (its setting), and r, packed, while that is not 0:
-- epoch, last seq, its time (ms). A channel that keeps nothing numbers nothing.
local CHANNEL_LAYOUT = '>c10I5I6'

-- Returns nil for a channel that keeps no history; then how many messages it keeps.
local function read_channel(key)
  local fields = redis.call('HMGET', key, 'n', 'r')
  local length = tonumber(fields[1] or 0)
  if length == 0 or not fields[2] then return nil, length end
  local epoch, seq, time = struct.unpack(CHANNEL_LAYOUT, fields[2])
  return { epoch = epoch, seq = seq, time = time, length = length }, length
end

local function save_channel(key, channel)
  redis.call('HSET', key, 'r', struct.pack(CHANNEL_LAYOUT, channel.epoch, channel.seq, channel.time))
end
