-- A session id is `<node>.<counter>`; nodes have this many characters.
local NODE_LENGTH = 12

-- A cursor whose place a newer session of the device has taken is kept this long (ms): for a second tab of that device.
local SUPERSEDED = 10000

-- The session has ended: its cursor is kept for the resume window. `left` is what the registry still holds.
local function end_cursor(cursors, session, seq, since, device, left, now, window)
  for i = 1, #left, 2 do
    local began, owner = string.match(left[i + 1], '^(%d+) (.*)$')
    if owner == device and left[i] ~= session and tonumber(began) >= since then window = math.min(window, SUPERSEDED) end
  end
  redis.call('HSET', cursors, session, seq .. ' ' .. (now + window) .. ' ' .. device)
end

-- Takes the sessions of one gateway out of a user's registry; their cursors stay.
-- keys: {record, sessions, cursors, target}. Returns how many sessions were dropped.
local function drop_node(keys, node, leaving, now, window, grace)
  local all = redis.call('HGETALL', keys.sessions)
  local left, gone = {}, {}
  for i = 1, #all, 2 do
    local list = string.sub(all[i], 1, NODE_LENGTH) == node and gone or left
    list[#list + 1] = all[i]
    list[#list + 1] = all[i + 1]
  end
  for i = 1, #gone, 2 do
    redis.call('HDEL', keys.sessions, gone[i])
    local seq = string.match(redis.call('HGET', keys.cursors, gone[i]) or '', '^%d+')
    if seq then
      local since, device = string.match(gone[i + 1], '^(%d+) (.*)$')
      end_cursor(keys.cursors, gone[i], seq, tonumber(since), device, left, now, window)
    end
  end
  if #gone > 0 and #left == 0 then
    redis.call('PEXPIRE', keys.cursors, window)
    if redis.call('EXISTS', keys.record) == 1 then redis.call('HSET', keys.record, 'n', now) end
    redis.call('ZADD', leaving, now + grace, keys.target)
  end
  return #gone / 2
end
