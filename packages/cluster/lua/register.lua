--[[
A gateway registers a session again that it holds: after its bus came back, or after Redis lost data.

KEYS  user record, inbox, sessions, cursors, node index, leaving, online, watchers,
      with a token: ends of the revoked ones
ARGV  1 target  2 session  3 device  4 since (ms)  5 epoch the session knows  6 last seq it was sent
      7 its cursor  8 device limit  9 bus prefix  10 epoch for a new record  11 cursor window (ms)  12 offline grace (ms)
      13 time of the last message it was sent (ms), 0 when not known  14 digest of the session's token, or ''
Returns  epoch, last seq, how many sessions of the user are registered for this node
         reason: the application closed this user's sessions since, or revoked the token; nothing was done
]]
--@include clock
--@include record
--@include hold-session
--@include drop-node
--@include device-limit
--@include presence

local now = clock()
local closed, reason = string.match(redis.call('HGET', KEYS[1], 'c') or '', '^(%d+) (.*)$')
if closed and tonumber(closed) >= tonumber(ARGV[4]) then return { reason } end
if ARGV[14] ~= '' and redis.call('ZSCORE', KEYS[9], ARGV[14]) then return { 'signedOut' } end
local record = open_record(KEYS[1], KEYS[2], ARGV[10], now)
if ARGV[5] == record.epoch then
  local shared = contradicted_behind(record, KEYS[2], tonumber(ARGV[6]), tonumber(ARGV[13]))
  if shared then renew_epoch(KEYS[1], record, ARGV[10], shared) end
end
local cursor = ARGV[5] == record.epoch and ARGV[7] or record.acked
local keys = {
  record = KEYS[1], sessions = KEYS[3], cursors = KEYS[4], fading = true, index = KEYS[5], leaving = KEYS[6], online = KEYS[7],
  target = ARGV[1],
}
-- A user who was seen leaving was settled as offline by mistake; one who was not is new here because data was lost.
if hold_session(keys, ARGV[2], ARGV[4], ARGV[3], cursor) == 1 and redis.call('HEXISTS', KEYS[1], 'n') == 1 then
  tell_presence(KEYS[8], ARGV[9], ARGV[1], 1, now)
end
enforce_limit(keys, redis.call('HLEN', KEYS[3]), nil, tonumber(ARGV[8]), ARGV[9], KEYS[6], now, tonumber(ARGV[11]), tonumber(ARGV[12]))
local node, here = string.sub(ARGV[2], 1, NODE_LENGTH), 0
for _, session in ipairs(redis.call('HKEYS', KEYS[3])) do
  if string.sub(session, 1, NODE_LENGTH) == node then here = here + 1 end
end
return { record.epoch, record.seq, here }
