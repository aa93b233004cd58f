--[[
Empties what a channel keeps; with '1' its settings go too.

KEYS  channel record, history
ARGV  deadline (ms), '1' or ''
Returns  now, how many messages were removed, 1 when there were settings
         only now: it was too late and nothing was done
]]
--@include clock

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
local removed = redis.call('XLEN', KEYS[2])
redis.call('DEL', KEYS[2])
local known = ARGV[2] == '1' and redis.call('DEL', KEYS[1]) or redis.call('EXISTS', KEYS[1])
return { now, removed, known }
