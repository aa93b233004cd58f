--[[
A device arrives: checks its key, registers the session, enforces the device limit and returns the backlog.

KEYS  auth, user record, inbox, sessions, cursors, node index, leaving, online, watchers,
      with a token: ends of the revoked ones
ARGV  1 deadline (ms)  2 target  3 session  4 node  5 device  6 key, or '' with
      7 the digest of a token that was verified already  8 resume epoch or ''  9 resume seq or ''
      10 device limit  11 bus prefix  12 epoch for a new record  13 cursor window (ms)  14 offline grace (ms)  15 retention (ms)
Returns  now: too late, nothing was done
         now, 0: not authorised, nothing was done
         now, '<epoch> <cursor> <resumed> <came online> <the three numbers of a page>', then its entries (see include/page.lua)
]]
--@include clock
--@include record
--@include hold-session
--@include drop-node
--@include device-limit
--@include trim
--@include page
--@include presence

local now = clock()
if now > tonumber(ARGV[1]) then return { now } end
if ARGV[7] == '' then
  local hash = redis.call('GET', KEYS[1]) or ''
  if hash == '' or hash ~= ARGV[6] then return { now, 0 } end
elseif redis.call('ZSCORE', KEYS[10], ARGV[7]) then
  return { now, 0 }
end

local session, device = ARGV[3], ARGV[5]
local window, grace = tonumber(ARGV[13]), tonumber(ARGV[14])
local record = open_record(KEYS[2], KEYS[3], ARGV[12], now)
local resume_seq = tonumber(ARGV[9])
if ARGV[8] == record.epoch and resume_seq > record.seq then renew_epoch(KEYS[2], record, ARGV[12], record.seq) end

-- What this device is known to have: the lowest cursor of its sessions. One that still counts as live may be the old
-- socket of a page that reloads. Those of ended sessions are used up once as many sessions of the device are back, and
-- are kept only a little longer once one has begun there.
local kept, live, others, ended, used = nil, 1, 0, {}, {}
local cursors = redis.call('HGETALL', KEYS[5])
for i = 1, #cursors, 2 do
  local seq, ends, owner = string.match(cursors[i + 1], '^(%d+) (%d+) (.*)$')
  ends = tonumber(ends)
  if ends == 0 then others = others + 1 end
  if ends ~= 0 and ends < now then
    used[#used + 1] = cursors[i]
  elseif owner == device then
    kept = math.min(kept or math.huge, tonumber(seq))
    if ends == 0 then live = live + 1 else ended[#ended + 1] = { cursors[i], seq, ends } end
  end
end
for _, entry in ipairs(ended) do
  local name, seq, ends = unpack(entry)
  if live >= #ended then
    used[#used + 1] = name
  else
    redis.call('HSET', KEYS[5], name, seq .. ' ' .. math.min(ends, now + SUPERSEDED) .. ' ' .. device)
  end
end
if #used > 0 then redis.call('HDEL', KEYS[5], unpack(used)) end

local cursor, resumed = math.min(kept or record.acked, record.seq), kept ~= nil
if ARGV[8] ~= '' then
  resumed = ARGV[8] == record.epoch
  cursor = resolve(KEYS[2], record, ARGV[8], resume_seq)
end

local expired = expired_with_inbox(record, now)
if has_inbox(record, now) then
  expired = trim(KEYS[3], record, now, tonumber(ARGV[15]))
  save_record(KEYS[2], record)
elseif expired > 0 then
  save_record(KEYS[2], record)
end

-- What is gone cannot follow: served from behind it, a device is told of it once.
local lost = lost_up_to(record, now)
if cursor < lost then cursor, resumed = lost, false end

local keys = {
  record = KEYS[2], sessions = KEYS[4], cursors = KEYS[5], fading = #cursors / 2 > #used, index = KEYS[6], leaving = KEYS[7], online = KEYS[8],
  target = ARGV[2],
}
local came_online = hold_session(keys, session, now, device, cursor)
if came_online == 1 then tell_presence(KEYS[9], ARGV[11], ARGV[2], 1, now) end
-- Each session has its cursor.
enforce_limit(keys, others + 1, device, tonumber(ARGV[10]), ARGV[11], KEYS[7], now, window, grace)

local page = read_page(KEYS[3], record, cursor, id_behind(record, cursor), now)
local head = { record.epoch, cursor, resumed and 1 or 0, came_online, page[1], page[2], page[3] + expired }
local answer = { now, table.concat(head, ' ') }
for i = 4, #page do answer[#answer + 1] = page[i] end
return answer
