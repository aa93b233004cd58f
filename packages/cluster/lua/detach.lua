--[[
A session has ended. Its cursor stays for the resume window; the last one of a user starts the offline grace.

KEYS  user record, sessions, cursors, node index, leaving
ARGV  1 target  2 session  3 node  4 device  5 epoch the session knows  6 its cursor in that epoch
      7 cursor window (ms)  8 offline grace (ms)
      9 how long a dead socket may go unnoticed (ms)
Returns  1 when the session was registered, else 0
]]
--@include clock

local now = clock()
local window = tonumber(ARGV[7])
local entry = redis.call('HGET', KEYS[2], ARGV[2])
if not entry then return 0 end
redis.call('HDEL', KEYS[2], ARGV[2])
local cursor = ARGV[6]
if ARGV[5] ~= redis.call('HGET', KEYS[1], 'e') then
  cursor = string.match(redis.call('HGET', KEYS[3], ARGV[2]) or '0', '^%d+')
end
redis.call('HSET', KEYS[3], ARGV[2], cursor .. ' ' .. (now + window) .. ' ' .. ARGV[4])
-- A page that reloads often connects before its old socket is known to be gone. That connection began at this cursor
-- already, so it is not left for yet another one.
local since = tonumber(string.match(entry, '^%d+'))
local here, left = false, redis.call('HGETALL', KEYS[2])
for i = 1, #left, 2 do
  if string.match(left[i], '^[^.]+') == ARGV[3] then here = true end
  local began, device = string.match(left[i + 1], '^(%d+) (.*)$')
  began = tonumber(began)
  if device == ARGV[4] and began >= since and now - began < tonumber(ARGV[9]) then
    redis.call('HDEL', KEYS[3], ARGV[2])
  end
end
if not here then redis.call('SREM', KEYS[4], ARGV[1]) end
if #left == 0 then
  redis.call('PEXPIRE', KEYS[3], window)
  redis.call('HSET', KEYS[1], 'n', now)
  redis.call('ZADD', KEYS[5], now + tonumber(ARGV[8]), ARGV[1])
end
return 1
