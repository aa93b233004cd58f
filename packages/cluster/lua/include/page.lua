-- Reads inbox entries behind `after` until the page is full. A page ends at 64 entries or 64 KiB of data.
-- `start` is the id to read behind, or '-' when only the seq is known.
-- Returns {last seq looked at, '1' when there is more, expired, then id, '<event> <data>', expires (ms) per entry}.
local PAGE_ENTRIES, PAGE_BYTES, STEP = 64, 65536, 16

local function read_page(inbox, record, after, start, now)
  local page = { after, 0, 0 }
  if after >= record.seq then return page end
  local from = start == '-' and '-' or '(' .. start
  local entries, bytes, dead = 0, 0, {}
  local short = record.seq - after
  while true do
    local step
    if from == '-' and short <= STEP then
      -- few are missing: they are at the end, and what is before them need not be read
      step = redis.call('XREVRANGE', inbox, '+', '-', 'COUNT', short)
      for i = 1, math.floor(#step / 2) do step[i], step[#step - i + 1] = step[#step - i + 1], step[i] end
    else
      step = redis.call('XRANGE', inbox, from, '+', 'COUNT', STEP)
    end
    for _, entry in ipairs(step) do
      local seq = tonumber(string.match(entry[1], '%d+$'))
      if seq > after then
        local fields = entry[2]
        if tonumber(fields[4]) <= now then
          dead[#dead + 1] = entry[1]
          if seq > record.acked then page[3] = page[3] + 1 end
        else
          page[#page + 1] = entry[1]
          page[#page + 1] = fields[2]
          page[#page + 1] = fields[4]
          entries = entries + 1
          bytes = bytes + #fields[2]
        end
        page[1] = seq
        if entries >= PAGE_ENTRIES or bytes >= PAGE_BYTES then break end
      end
    end
    if entries >= PAGE_ENTRIES or bytes >= PAGE_BYTES then
      if page[1] < record.seq then page[2] = 1 end
      break
    end
    if #step < STEP or (from == '-' and short <= STEP) then
      page[1] = record.seq
      break
    end
    from = '(' .. step[#step][1]
  end
  if #dead > 0 then redis.call('XDEL', inbox, unpack(dead)) end
  return page
end
