local function seq_of(id)
  return tonumber(string.match(id, '%d+$'))
end

-- Removes what no device may still need: confirmed entries past the retention, and any entry past the longest ttl.
-- Returns how many of them expired unconfirmed.
local function trim(inbox, record, now, retention)
  local bound = now - retention
  if record.acked_time < bound then
    redis.call('XTRIM', inbox, 'MINID', record.acked_time .. '-' .. string.format('%d', record.acked_seq + 1))
  else
    redis.call('XTRIM', inbox, 'MINID', bound)
  end
  if record.longest == 0 then return 0 end
  local oldest = now - math.max(record.longest, retention)
  if oldest <= record.acked_time then return 0 end
  return redis.call('XTRIM', inbox, 'MINID', oldest)
end

-- Makes room for one more entry under the cap. Returns how many unconfirmed, unexpired ones were lost to the cap, and
-- how many expired.
local function make_room(inbox, record, now, retention, cap)
  if redis.call('XLEN', inbox) < cap then return 0, 0 end
  local expired = trim(inbox, record, now, retention)
  local over = redis.call('XLEN', inbox) - cap + 1
  if over <= 0 then return 0, expired end
  local lost = 0
  for _, entry in ipairs(redis.call('XRANGE', inbox, '-', '+', 'COUNT', over)) do
    if seq_of(entry[1]) > record.acked then
      if tonumber(entry[2][6]) > now then lost = lost + 1 else expired = expired + 1 end
    end
  end
  redis.call('XTRIM', inbox, 'MAXLEN', cap - 1)
  return lost, expired
end
