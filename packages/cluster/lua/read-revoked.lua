--[[
Revoked tokens that have not been forgotten.

KEYS  revoked tokens, their ends
ARGV  digest; '' for all
Returns  tokens
]]
--@include clock

local now = clock()
local digests = { ARGV[1] }
if ARGV[1] == '' then
  digests = redis.call('ZRANGE', KEYS[2], '(' .. now, '+inf', 'BYSCORE')
elseif tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0) <= now then
  return {}
end
local tokens = {}
for _, digest in ipairs(digests) do tokens[#tokens + 1] = redis.call('HGET', KEYS[1], digest) end
return tokens
