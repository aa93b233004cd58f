--[[
Devices have confirmed messages. In a Cluster the users of one call are of one partition.

KEYS  three per session: user record, inbox, cursors
ARGV  1 retention (ms), then per session: epoch, confirmed seq, time of that message (ms) or 0 when unknown,
      cursor seq or '' when it need not be kept now, session, device
Returns  per session: how many messages were confirmed for the first time, how many expired
]]
--@include clock
--@include record
--@include trim

local now = clock()
local retention = tonumber(ARGV[1])
local second = math.floor(now / 1000)
local answers = {}
for i = 0, #KEYS / 3 - 1 do
  local k, a = i * 3, 1 + i * 6
  local key, inbox, cursors = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
  local fresh, expired = 0, 0
  local record = read_record(key)
  if record and record.epoch == ARGV[a + 1] then
    local seq, time = math.min(tonumber(ARGV[a + 2]), record.seq), tonumber(ARGV[a + 3])
    local changed = false
    if seq > record.acked then
      fresh, changed = seq - record.acked, true
      record.acked = seq
      if time > 0 then record.acked_seq, record.acked_time = seq, time end
    end
    if second > record.trimmed then
      expired, changed = trim(inbox, record, now, retention), true
    end
    if changed then save_record(key, record) end
    -- The cursor of a session that was detached meanwhile stands as it was left.
    if ARGV[a + 4] ~= '' and string.match(redis.call('HGET', cursors, ARGV[a + 5]) or '', '^%d+ 0 ') then
      redis.call('HSET', cursors, ARGV[a + 5], ARGV[a + 4] .. ' 0 ' .. ARGV[a + 6])
    end
  end
  answers[#answers + 1] = fresh
  answers[#answers + 1] = expired
end
return answers
