-- How many messages in an inbox no device has confirmed and have not expired. Read in pieces: as a whole, a full inbox of
-- large messages takes three times as long, and all of its size in memory.
local function count_undelivered(inbox, record, now)
  local count, from = 0, '-'
  if record.seq <= record.acked then return 0 end
  repeat
    local step = redis.call('XRANGE', inbox, from, '+', 'COUNT', 32)
    for _, entry in ipairs(step) do
      if tonumber(string.match(entry[1], '%d+$')) > record.acked and tonumber(entry[2][4]) > now then
        count = count + 1
      end
      from = '(' .. entry[1]
    end
  until #step < 32
  return count
end
