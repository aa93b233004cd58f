--[[
What is known of a user.

KEYS  user record, inbox, sessions, leaving
ARGV  target, offline grace (ms)
Returns  1 when online, last seen (ms: now while online, 0 never), undelivered messages, then session, '<since ms> <device>' per session
]]
--@include clock
--@include record
--@include presence

local now = clock()
local record = read_record(KEYS[1])
local queued = 0
if record and record.seq > record.acked then
  local from = '-'
  repeat
    local step = redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', 32)
    for _, entry in ipairs(step) do
      if tonumber(string.match(entry[1], '%d+$')) > record.acked and tonumber(entry[2][4]) > now then
        queued = queued + 1
      end
      from = '(' .. entry[1]
    end
  until #step < 32
end
local online = is_online(KEYS[3], KEYS[4], ARGV[1], now, tonumber(ARGV[2]))
local seen = online and now or tonumber(redis.call('HGET', KEYS[1], 'n') or 0)
local answer = { online and 1 or 0, seen, queued }
for _, item in ipairs(redis.call('HGETALL', KEYS[3])) do answer[#answer + 1] = item end
return answer
