--[[
A session has ended. Its cursor stays for the resume window; the last one of a user starts the offline grace.

KEYS  user record, sessions, cursors, node index, leaving
ARGV  1 target  2 session  3 node  4 device  5 epoch the session knows  6 its cursor in that epoch
      7 cursor window (ms)  8 offline grace (ms)
Returns  nothing
]]
--@include clock
--@include record
--@include drop-node

local now = clock()
local window = tonumber(ARGV[7])
local entry = redis.call('HGET', KEYS[2], ARGV[2])
redis.call('HDEL', KEYS[2], ARGV[2])
local left = redis.call('HGETALL', KEYS[2])
local here = false
for i = 1, #left, 2 do
  if string.sub(left[i], 1, NODE_LENGTH) == ARGV[3] then here = true end
end
-- Also for a session that was evicted or dropped: nobody else takes the user out of this node's index.
if not here then redis.call('SREM', KEYS[4], ARGV[1]) end
if not entry then return end
local seq = ARGV[6]
local record = read_record(KEYS[1])
if not record or ARGV[5] ~= record.epoch then
  seq = string.match(redis.call('HGET', KEYS[3], ARGV[2]) or '0', '^%d+')
end
if record then seq = math.min(tonumber(seq), record.seq) end
end_cursor(KEYS[3], ARGV[2], seq, tonumber(string.match(entry, '^%d+')), ARGV[4], left, now, window)
if #left == 0 then
  redis.call('PEXPIRE', KEYS[3], window)
  if record then redis.call('HSET', KEYS[1], 'n', now) end
  redis.call('ZADD', KEYS[5], now + tonumber(ARGV[8]), ARGV[1])
end
