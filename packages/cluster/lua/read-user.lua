--[[
What is known of a user.

KEYS  user record, inbox, sessions, leaving
ARGV  target, offline grace (ms)
Returns  1 when online, last seen (ms: now while online, 0 never), undelivered messages, then session, '<since ms> <device>' per session
]]
--@include clock
--@include record
--@include presence
--@include undelivered

local now = clock()
local record = read_record(KEYS[1])
local queued = record and count_undelivered(KEYS[2], record, now) or 0
local online = is_online(KEYS[3], KEYS[4], ARGV[1], now, tonumber(ARGV[2]))
local seen = online and now or tonumber(redis.call('HGET', KEYS[1], 'n') or 0)
local answer = { online and 1 or 0, seen, queued }
for _, item in ipairs(redis.call('HGETALL', KEYS[3])) do answer[#answer + 1] = item end
return answer
