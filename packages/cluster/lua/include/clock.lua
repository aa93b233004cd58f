-- Milliseconds since 1970 by this server: the one clock of all lifetimes.
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
