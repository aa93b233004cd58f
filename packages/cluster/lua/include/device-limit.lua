-- Keeps a user within the device limit: newest wins, and all sessions of the device that came longest ago end. Tabs of
-- one browser are one device, so a reload or a second tab takes nobody's place; a device has SESSIONS of them at most.
-- The gateways that hold the losers are told on the bus. keys: {record, sessions, cursors, target}.
local SESSIONS = 16

local function evict(keys, session, bus, leaving, now, window, grace)
  redis.call('HDEL', keys.sessions, session)
  redis.call('HDEL', keys.cursors, session)
  local node = string.sub(session, 1, NODE_LENGTH)
  if redis.call('SPUBLISH', bus .. node, 'x ' .. keys.target .. ' ' .. session) == 0 then
    drop_node(keys, node, leaving, now, window, grace)
  end
end

-- `count`: how many sessions the user has. `device` was just attached and is spared; nil: nobody is.
local function enforce_limit(keys, count, device, limit, bus, leaving, now, window, grace)
  if count <= math.min(limit, SESSIONS) then return end
  local all, devices, list = redis.call('HGETALL', keys.sessions), {}, {}
  for i = 1, #all, 2 do
    local since, owner = string.match(all[i + 1], '^(%d+) (.*)$')
    local one = devices[owner]
    if not one then
      one = { owner = owner, newest = 0, sessions = {} }
      devices[owner] = one
      list[#list + 1] = one
    end
    one.newest = math.max(one.newest, tonumber(since))
    one.sessions[#one.sessions + 1] = { id = all[i], since = tonumber(since) }
  end
  table.sort(list, function(a, b) return a.newest < b.newest end)
  local over = #list - limit
  for _, one in ipairs(list) do
    if over <= 0 then break end
    if one.owner ~= device then
      for _, session in ipairs(one.sessions) do evict(keys, session.id, bus, leaving, now, window, grace) end
      over = over - 1
    end
  end
  local mine = device and devices[device]
  if mine and #mine.sessions > SESSIONS then
    table.sort(mine.sessions, function(a, b) return a.since < b.since end)
    for i = 1, #mine.sessions - SESSIONS do
      evict(keys, mine.sessions[i].id, bus, leaving, now, window, grace)
    end
  end
end
