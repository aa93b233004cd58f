-- Redis takes no writes now: the text of such a fault, which everybody meets alike. Else nil: the fault is in one user's keys.
local REFUSALS = { OOM = true, READONLY = true, MISCONF = true, NOREPLICAS = true, MASTERDOWN = true }

local function refused(fault)
  local text = type(fault) == 'table' and fault.err or tostring(fault)
  return REFUSALS[string.match(text, '^%u+')] and text or nil
end
