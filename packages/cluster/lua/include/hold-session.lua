-- Puts a session into its user's registry, with its cursor, and ends the offline grace. Returns 1 when the user was
-- offline. keys: {sessions, cursors, fading (cursors may have a lifetime), index (of the node), leaving, online, target}.
local function hold_session(keys, session, since, device, cursor)
  redis.call('HSET', keys.sessions, session, since .. ' ' .. device)
  redis.call('HSET', keys.cursors, session, cursor .. ' 0 ' .. device)
  if keys.fading then redis.call('PERSIST', keys.cursors) end
  redis.call('SADD', keys.index, keys.target)
  redis.call('ZREM', keys.leaving, keys.target)
  return redis.call('SADD', keys.online, keys.target)
end
