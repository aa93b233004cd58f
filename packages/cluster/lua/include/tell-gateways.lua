-- Sends a line to every gateway that holds one of these sessions, once. One that does not listen just now is not dropped: it
-- finds out when it registers its sessions again.
local function tell_gateways(sessions, bus, line)
  local told = {}
  for _, session in ipairs(sessions) do
    local node = string.match(session, '^[^.]+')
    if not told[node] then
      told[node] = true
      redis.call('SPUBLISH', bus .. node, line)
    end
  end
end
