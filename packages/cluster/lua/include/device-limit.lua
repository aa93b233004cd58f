-- Keeps a user within the device limit: newest wins. The older session of the same device goes first, else the oldest.
-- The gateway that holds the loser is told on the bus. keys: {record, sessions, cursors, target}.
local function enforce_limit(keys, session, device, limit, bus, leaving, now, window, grace)
  while redis.call('HLEN', keys.sessions) > limit do
    local all = redis.call('HGETALL', keys.sessions)
    local loser, age, same
    for i = 1, #all, 2 do
      local since, owner = string.match(all[i + 1], '^(%d+) (.*)$')
      since = tonumber(since)
      local mine = owner == device
      if all[i] ~= session and (not loser or (mine and not same) or (mine == same and since < age)) then
        loser, age, same = all[i], since, mine
      end
    end
    if not loser then return end
    redis.call('HDEL', keys.sessions, loser)
    redis.call('HDEL', keys.cursors, loser)
    local node = string.sub(loser, 1, NODE_LENGTH)
    if redis.call('SPUBLISH', bus .. node, 'x ' .. keys.target .. ' ' .. loser) == 0 then
      drop_node(keys, node, leaving, now, window, grace)
    end
  end
end
