-- The user record, a hash. Field r is what every message reads and writes, packed into the 64 bytes up to which Redis
-- keeps a small hash compact: epoch, last seq, its time (ms), highest confirmed seq, seq and time (ms) of a confirmed
-- message, longest ttl in the inbox (ms), when the record's lifetime was refreshed (hours), a floor such that the inbox
-- holds at most seq - floor entries, when the inbox key expires (ms), when it was trimmed (s), and the highest seq that
-- was removed although a device that was away may have missed it.
-- Apart from it: n last seen (ms), c when and why the application last closed the sessions, p/ps the
-- epoch before this one and the last seq they share.
local RECORD_LIFETIME, REFRESH_HOURS = 90 * 86400000, 24
local LAYOUT = '>c10I5I6I5I5I6I4I3I5I6I4I5'

local function new_record()
  return {
    epoch = '', seq = 0, time = 0, acked = 0, acked_seq = 0, acked_time = 0, longest = 0, refreshed = 0, floor = 0,
    expires = 0, trimmed = 0, lost = 0,
  }
end

-- `r`: a record that is needed no more, to be filled; nil: a new one is made.
local function read_record(key, r)
  local packed = redis.call('HGET', key, 'r')
  if not packed then return nil end
  r = r or new_record()
  r.epoch, r.seq, r.time, r.acked, r.acked_seq, r.acked_time, r.longest, r.refreshed, r.floor, r.expires, r.trimmed, r.lost =
    struct.unpack(LAYOUT, packed)
  return r
end

local function save_record(key, r)
  redis.call('HSET', key, 'r', struct.pack(LAYOUT, r.epoch, r.seq, r.time, r.acked, r.acked_seq, r.acked_time,
    r.longest, r.refreshed, r.floor, r.expires, r.trimmed, r.lost))
end

-- The record, made when there is none; what the caller changes in it, it saves. When only the record was lost, numbering goes on behind the
-- inbox's last entry, nothing in it counts as confirmed, and the new epoch tells devices that positions have changed. `used`: see read_record.
local function open_record(key, inbox, epoch, now, used)
  local record = read_record(key, used)
  if not record then
    record = new_record()
    record.epoch = epoch
    local tail = redis.call('XREVRANGE', inbox, '+', '-', 'COUNT', 1)[1]
    if tail then
      local time, seq = string.match(tail[1], '^(%d+)-(%d+)$')
      local head = redis.call('XRANGE', inbox, '-', '+', 'COUNT', 1)[1]
      record.time, record.seq, record.longest = tonumber(time), tonumber(seq), 604800000
      record.acked = tonumber(string.match(head[1], '%d+$')) - 1
    end
  end
  local hour = math.floor(now / 3600000)
  if hour - record.refreshed > REFRESH_HOURS then
    record.refreshed = hour
    save_record(key, record)
    redis.call('PEXPIRE', key, RECORD_LIFETIME)
  end
  return record
end

-- A device or gateway has seen more than this server knows: the newest messages were lost here (a failover, an
-- unsynced AOF). A new epoch keeps their ids from being used twice.
local function renew_epoch(key, record, epoch, shared)
  redis.call('HSET', key, 'p', record.epoch, 'ps', shared)
  record.epoch = epoch
  -- A receipt for a lost message may have come for the one that was given its number.
  record.acked = math.min(record.acked, shared)
  if record.acked_seq > shared then record.acked_seq, record.acked_time = 0, 0 end
  save_record(key, record)
end

-- When the message that a session was sent as `seq` at `time` (ms) is not the one that has this seq here: the last seq that
-- both know. Else nothing.
local function contradicted_behind(record, inbox, seq, time)
  if seq > record.seq then return record.seq end
  if time == 0 or seq == 0 then return nil end
  -- It may have expired or been removed meanwhile. But if a later one has its number or a lower one, numbers were used
  -- twice, from that one on.
  local later = redis.call('XRANGE', inbox, '(' .. time .. '-' .. seq, '+', 'COUNT', 1)[1]
  local first = later and tonumber(string.match(later[1], '%d+$'))
  if first and first <= seq then return first - 1 end
  -- What is known for sure is what was confirmed before.
  if seq == record.seq and time ~= record.time then return math.min(record.acked, seq - 1) end
  return nil
end

-- Where a device that has seen up to `seq` of `epoch` continues. Nothing of an epoch it never saw is known to it.
local function resolve(key, record, epoch, seq)
  if epoch == record.epoch then return math.min(seq, record.seq) end
  local before = redis.call('HMGET', key, 'p', 'ps')
  if epoch == before[1] then return math.min(seq, tonumber(before[2])) end
  return 0
end

-- Up to which seq messages are gone that a device may have missed: pushed out by the cap, or confirmed by another
-- device longer ago than the retention. What its own ttl ended does not count.
local function lost_up_to(record, now)
  if record.expires > 0 and record.expires <= now then return math.max(record.lost, record.acked) end
  return record.lost
end

-- Behind which entry id to read when only the seq is known: '-' is the beginning.
local function id_behind(record, seq)
  if record.acked_seq == 0 or seq < record.acked_seq then return '-' end
  return record.acked_time .. '-' .. record.acked_seq
end

-- Whether the inbox may hold anything; after a record was lost nobody knows when it expires.
local function has_inbox(record, now)
  return record.seq > 0 and (record.expires == 0 or record.expires > now)
end
