-- The user record: e epoch, s last seq, t time of the last message (ms), a highest confirmed seq,
-- as/am seq and time of a confirmed message, l longest ttl in the inbox (ms), r last refresh of the lifetime (ms),
-- o '1' while online, n last seen (ms), p/ps the epoch before this one and the last seq they share.
local RECORD_LIFETIME = 90 * 86400000

local function read_record(key)
  local f = redis.call('HMGET', key, 'e', 's', 't', 'a', 'as', 'am', 'l', 'r', 'o', 'p', 'ps')
  if not f[1] then return nil end
  return {
    epoch = f[1], seq = tonumber(f[2]), time = tonumber(f[3]), acked = tonumber(f[4]),
    acked_seq = tonumber(f[5]), acked_time = tonumber(f[6]), longest = tonumber(f[7]),
    refreshed = tonumber(f[8]), online = f[9] == '1', previous = f[10], shared = tonumber(f[11] or 0),
  }
end

-- The record, made when there is none. When only the record was lost, numbering goes on behind the inbox's last
-- entry, nothing in it counts as confirmed, and the new epoch tells devices that positions have changed.
local function open_record(key, inbox, epoch, now)
  local record = read_record(key)
  if not record then
    record = {
      epoch = epoch, seq = 0, time = 0, acked = 0, acked_seq = 0, acked_time = 0, longest = 0,
      refreshed = 0, online = false,
    }
    local tail = redis.call('XREVRANGE', inbox, '+', '-', 'COUNT', 1)[1]
    if tail then
      local time, seq = string.match(tail[1], '^(%d+)-(%d+)$')
      record.time = tonumber(time)
      record.seq = tonumber(seq)
      local head = redis.call('XRANGE', inbox, '-', '+', 'COUNT', 1)[1]
      record.acked = tonumber(string.match(head[1], '%d+$')) - 1
      record.longest = 604800000
    end
    redis.call('HSET', key, 'e', epoch, 's', record.seq, 't', record.time, 'a', record.acked,
      'as', 0, 'am', 0, 'l', record.longest, 'r', now)
    redis.call('PEXPIRE', key, RECORD_LIFETIME)
  elseif now - record.refreshed > 86400000 then
    redis.call('HSET', key, 'r', now)
    redis.call('PEXPIRE', key, RECORD_LIFETIME)
  end
  return record
end

-- A device or gateway has seen more than this server knows: the newest messages were lost here (a failover, an
-- unsynced AOF). A new epoch keeps their ids from being used twice.
local function renew_epoch(key, record, epoch)
  redis.call('HSET', key, 'e', epoch, 'p', record.epoch, 'ps', record.seq)
  record.previous, record.shared, record.epoch = record.epoch, record.seq, epoch
end

-- Where a device that has seen up to `seq` of `epoch` continues. Nothing of an epoch it never saw is known to it.
local function resolve(record, epoch, seq)
  if epoch == record.epoch then return math.min(seq, record.seq) end
  if epoch == record.previous then return math.min(seq, record.shared) end
  return 0
end
