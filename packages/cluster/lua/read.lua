--[[
Reads a page of a user's inbox.

KEYS  user record, inbox
ARGV  1 epoch of the position  2 its seq, or 'confirmed'  3 id of that entry, or '-' when not known
Returns  nothing when there is no user record, else epoch, last seq, seq read behind, seq up to which messages were lost
         to a device that had not read them, then a page (see include/page.lua)
]]
--@include clock
--@include record
--@include page

local record = read_record(KEYS[1])
if not record then return {} end
local now = clock()
local after, start = record.acked, ARGV[3]
if ARGV[2] ~= 'confirmed' then
  after = resolve(KEYS[1], record, ARGV[1], tonumber(ARGV[2]))
  if ARGV[1] ~= record.epoch then start = '-' end
end
if start == '-' then start = id_behind(record, after) end
local answer = { record.epoch, record.seq, after, lost_up_to(record, now) }
for _, item in ipairs(read_page(KEYS[2], record, after, start, now)) do answer[#answer + 1] = item end
return answer
