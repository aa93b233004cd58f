/** Redis as the plain build uses it: four short scripts. What waits for a device is read when it comes, and not sent. */
import { Redis, type Result } from 'ioredis';

const append = `
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('HSETNX', KEYS[1], 'epoch', ARGV[4])
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local time = redis.call('TIME')
local id = string.format('%d-%d', time[1] * 1000 + math.floor(time[2] / 1000), seq)
redis.call('XADD', KEYS[2], 'MAXLEN', 1000, id, 'm', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
local nodes, told = {}, 0
for _, node in ipairs(redis.call('HVALS', KEYS[3])) do
  told = told + 1
  if not nodes[node] then
    nodes[node] = true
    redis.call('SPUBLISH', 'bus:' .. node, ARGV[1] .. ' ' .. epoch .. ' ' .. id .. ' ' .. ARGV[2])
  end
end
return { id, seq, told }`;

const attach = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {} end
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[4])
local record = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
local seq = tonumber(record[2] or '0')
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[4], ARGV[2], seq)
redis.call('ZADD', KEYS[5], 0, ARGV[5])
return { record[1], seq, redis.call('XRANGE', KEYS[6], '-', '+', 'COUNT', 100) }`;

const ack = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local low = tonumber(ARGV[2])
for _, seq in ipairs(redis.call('HVALS', KEYS[1])) do low = math.min(low, tonumber(seq)) end
local gone = {}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 100)) do
  if tonumber(string.match(entry[1], '%d+$')) <= low then gone[#gone + 1] = entry[1] end
end
if #gone > 0 then redis.call('XDEL', KEYS[2], unpack(gone)) end`;

const detach = `
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[3], ARGV[2]) end`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    appendMessage(
      ...args: (string | number)[]
    ): Result<[id: string, seq: number, told: number], Context>;
    attach(
      ...args: (string | number)[]
    ): Result<[] | [epoch: string, seq: number, backlog: unknown[]], Context>;
    ack(...args: (string | number)[]): Result<unknown, Context>;
    detach(...args: (string | number)[]): Result<unknown, Context>;
  }
}

export function openRedis(): Redis {
  const redis = new Redis(process.env.ENCKE_REDIS_URL ?? '', { enableAutoPipelining: true });
  redis.defineCommand('appendMessage', { numberOfKeys: 3, lua: append });
  redis.defineCommand('attach', { numberOfKeys: 6, lua: attach });
  redis.defineCommand('ack', { numberOfKeys: 2, lua: ack });
  redis.defineCommand('detach', { numberOfKeys: 3, lua: detach });
  return redis;
}

export const key = (app: number, user: number, what: string): string => `{${app}:${user}}:${what}`;
