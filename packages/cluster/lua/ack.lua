--[[
Devices have confirmed messages. In a Cluster the users of one call are of one partition.

KEYS  three per session: user record, inbox, cursors
ARGV  1 retention (ms), then per session: epoch, confirmed seq, a seq up to it whose time is known and that time (ms) or
      0 and 0, cursor seq or '' when it need not be kept now, session, device, a seq up to which nothing was left to send
Returns  per session: how many messages were confirmed for the first time, or the text of a fault that it met; how many expired
]]
--@include clock
--@include record
--@include trim

local now = clock()
local retention = tonumber(ARGV[1])
local second = math.floor(now / 1000)
local answers = {}
-- Confirms for one session. Returns how many messages were confirmed for the first time, and how many expired.
local function confirm(k, a)
  local key, inbox, cursors = KEYS[k + 1], KEYS[k + 2], KEYS[k + 3]
  local fresh, expired = 0, 0
  local record = read_record(key)
  if not record or record.epoch ~= ARGV[a + 1] then return 0, 0 end
  local seq = math.min(tonumber(ARGV[a + 2]), record.seq)
  local timed, time = tonumber(ARGV[a + 3]), tonumber(ARGV[a + 4])
  local changed = false
  if seq > record.acked then
    fresh, changed = math.max(0, seq - math.max(record.acked, tonumber(ARGV[a + 8]))), true
    record.acked = seq
    if timed > record.acked_seq and timed <= seq then record.acked_seq, record.acked_time = timed, time end
  end
  if second > record.trimmed then
    expired, changed = trim(inbox, record, now, retention), true
  end
  if changed then save_record(key, record) end
  -- The cursor of a session that was detached meanwhile stands as it was left.
  if ARGV[a + 5] ~= '' and string.match(redis.call('HGET', cursors, ARGV[a + 6]) or '', '^%d+ 0 ') then
    local cursor = math.min(tonumber(ARGV[a + 5]), record.seq)
    redis.call('HSET', cursors, ARGV[a + 6], cursor .. ' 0 ' .. ARGV[a + 7])
  end
  return fresh, expired
end

for i = 0, #KEYS / 3 - 1 do
  -- A fault in the keys of one user must not take the receipts of others with it.
  local fine, fresh, expired = pcall(confirm, i * 3, 1 + i * 8)
  answers[#answers + 1] = fine and fresh or type(fresh) == 'table' and fresh.err or tostring(fresh)
  answers[#answers + 1] = fine and expired or 0
end
return answers
