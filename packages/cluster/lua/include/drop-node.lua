-- Takes the sessions of one gateway out of a user's registry; their cursors stay for the resume window.
-- keys: {record, sessions, cursors, target}. Returns how many sessions were dropped.
local function drop_node(keys, node, leaving, now, window, grace)
  local dropped = 0
  for _, session in ipairs(redis.call('HKEYS', keys.sessions)) do
    if string.match(session, '^[^.]+') == node then
      redis.call('HDEL', keys.sessions, session)
      local cursor = redis.call('HGET', keys.cursors, session)
      if cursor then
        redis.call('HSET', keys.cursors, session, (string.gsub(cursor, '^(%d+) %d+', '%1 ' .. (now + window))))
      end
      dropped = dropped + 1
    end
  end
  if dropped > 0 and redis.call('EXISTS', keys.sessions) == 0 then
    redis.call('PEXPIRE', keys.cursors, window)
    redis.call('HSET', keys.record, 'n', now)
    redis.call('ZADD', leaving, now + grace, keys.target)
  end
  return dropped
end
