-- Bus lines to the subscribers of channels: each gateway gets all of its lines in one bus message.
-- A routing table is a hash node -> how many of its sockets are subscribed.
local mails = {}

-- `route` is the routing table that named the node.
local function post(node, line, route)
  local mail = mails[node]
  if not mail then
    mail = { lines = {}, routes = {} }
    mails[node] = mail
  end
  mail.lines[#mail.lines + 1] = line
  mail.routes[route] = true
end

-- Returns the gateways that nobody reached, which are dead or resubscribing. They are taken out of the routing tables on
-- the spot, and report again when they are back; their members stay until then, or until they are swept.
local function send(bus)
  local deaf = {}
  for node, mail in pairs(mails) do
    if redis.call('SPUBLISH', bus .. node, table.concat(mail.lines, '\n')) == 0 then
      deaf[node] = true
      for route in pairs(mail.routes) do redis.call('HDEL', route, node) end
    end
  end
  return deaf
end
