-- Whether a user counts as online: with a session, or within the offline grace. A grace that ends further away than it
-- lasts began before this server's clock was set back; it is pulled in.
local function is_online(sessions, leaving, target, now, grace)
  if redis.call('EXISTS', sessions) == 1 then return true end
  local due = tonumber(redis.call('ZSCORE', leaving, target) or 0)
  if due > now + grace then
    due = now + grace
    redis.call('ZADD', leaving, 'XX', due, target)
  end
  return due > now
end

-- Tells the subscribers of `user_status_<user>` that the user came online (1) or went offline (0). `watchers` is the
-- route of that channel; a node that does not listen leaves it, and reports its subscribers again when it is back.
local function tell_presence(watchers, bus, target, online, now)
  local nodes = redis.call('HKEYS', watchers)
  if #nodes == 0 then return end
  local line = 's ' .. string.gsub(target, ':', ':user_status_', 1) .. ' ' .. online .. ' ' .. now
  for _, node in ipairs(nodes) do
    if redis.call('SPUBLISH', bus .. node, line) == 0 then redis.call('HDEL', watchers, node) end
  end
end
