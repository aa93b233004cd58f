--[[
Devices have confirmed messages. In a Cluster the users of one call are of one partition.

KEYS  three per session: user record, inbox, cursors
ARGV  1 retention (ms), then per session: epoch, confirmed seq, time of that message (ms) or 0 when unknown,
      cursor seq, session, device
Returns  per session: how many messages were confirmed for the first time, how many expired
]]
--@include clock
--@include record
--@include trim

local now = clock()
local retention = tonumber(ARGV[1])
local answers = {}
for i = 0, #KEYS / 3 - 1 do
  local k, a = i * 3, 1 + i * 6
  local key, inbox, cursors = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
  local fresh, expired = 0, 0
  local record = read_record(key)
  if record and record.epoch == ARGV[a + 1] then
    local seq, time = math.min(tonumber(ARGV[a + 2]), record.seq), tonumber(ARGV[a + 3])
    if seq > record.acked then
      fresh = seq - record.acked
      record.acked = seq
      if time > 0 then
        record.acked_seq, record.acked_time = seq, time
        redis.call('HSET', key, 'a', seq, 'as', seq, 'am', time)
      else
        redis.call('HSET', key, 'a', seq)
      end
    end
    -- The cursor of a session that was detached meanwhile stands as it was left.
    if string.match(redis.call('HGET', cursors, ARGV[a + 5]) or '', '^%d+ 0 ') then
      redis.call('HSET', cursors, ARGV[a + 5], ARGV[a + 4] .. ' 0 ' .. ARGV[a + 6])
    end
    expired = trim(inbox, record, now, retention)
  end
  answers[#answers + 1] = fresh
  answers[#answers + 1] = expired
end
return answers
