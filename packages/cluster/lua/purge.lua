--[[
Empties a user's queue: everything in the inbox counts as confirmed and is removed.

KEYS  user record, inbox
ARGV  deadline (ms)
Returns  now, how many undelivered messages were removed; only now: it was too late and nothing was done
]]
--@include clock
--@include record
--@include undelivered

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local record = read_record(KEYS[1])
if not record then return { now, 0 } end
local deleted = count_undelivered(KEYS[2], record, now)
redis.call('DEL', KEYS[2])
record.acked, record.acked_seq, record.acked_time = record.seq, record.seq, record.time
record.longest, record.floor, record.expires, record.lost = 0, record.seq, 0, record.seq
save_record(KEYS[1], record)
return { now, deleted }
