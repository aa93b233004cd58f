--[[
Empties a user's queue: everything in the inbox counts as confirmed and is removed.

KEYS  user record, inbox
Returns  how many undelivered messages were removed
]]
--@include clock
--@include record

local record = read_record(KEYS[1])
if not record then return 0 end
local now = clock()
local deleted = 0
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+')) do
  if tonumber(string.match(entry[1], '%d+$')) > record.acked and tonumber(entry[2][6]) > now then
    deleted = deleted + 1
  end
end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'a', record.seq, 'as', record.seq, 'am', record.time, 'l', 0)
return deleted
