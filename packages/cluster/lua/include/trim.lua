-- Removes what no device may still need: confirmed entries past the retention, and any entry past the longest ttl.
-- Returns how many of them expired unconfirmed.
local function trim(inbox, record, now, retention)
  record.trimmed = math.floor(now / 1000)
  local bound = now - retention
  if record.acked_time < bound then
    redis.call('XTRIM', inbox, 'MINID', record.acked_time .. '-' .. (record.acked_seq + 1))
    record.lost = math.max(record.lost, record.acked_seq)
  elseif redis.call('XTRIM', inbox, 'MINID', bound) > 0 then
    local head = redis.call('XRANGE', inbox, '-', '+', 'COUNT', 1)[1]
    local gone = head and tonumber(string.match(head[1], '%d+$')) - 1 or record.acked
    record.lost = math.max(record.lost, math.min(gone, record.acked))
  end
  if record.longest == 0 then return 0 end
  local oldest = now - math.max(record.longest, retention)
  if oldest <= record.acked_time then return 0 end
  -- Of some that were confirmed the time is not known.
  return math.min(redis.call('XTRIM', inbox, 'MINID', oldest), record.seq - record.acked)
end

-- Nobody trims an inbox that Redis itself removed with the longest ttl in it. Returns how many of its entries expired
-- unconfirmed, once: from then on the record's floor says that it is empty.
local function expired_with_inbox(record, now)
  if record.expires > now or record.expires == 0 or record.floor >= record.seq then return 0 end
  local expired = record.seq - math.max(record.acked, record.lost, record.floor)
  record.floor = record.seq
  return math.max(0, expired)
end

-- Makes room for one more entry under the cap. Returns how many unconfirmed, unexpired ones were lost to the cap, and
-- how many expired.
local function make_room(inbox, record, now, retention, cap)
  local length = redis.call('XLEN', inbox)
  local lost, expired = 0, 0
  if length >= cap then
    expired = trim(inbox, record, now, retention)
    length = redis.call('XLEN', inbox)
  end
  local over = length - cap + 1
  if over > 0 then
    for _, entry in ipairs(redis.call('XRANGE', inbox, '-', '+', 'COUNT', over)) do
      local seq = tonumber(string.match(entry[1], '%d+$'))
      if tonumber(entry[2][4]) > now then record.lost = math.max(record.lost, seq) end
      if seq > record.acked then
        if tonumber(entry[2][4]) > now then lost = lost + 1 else expired = expired + 1 end
      end
    end
    redis.call('XTRIM', inbox, 'MAXLEN', cap - 1)
    length = cap - 1
  end
  record.floor = record.seq - length
  return lost, expired
end
