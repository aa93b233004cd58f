/**
 * How this package connects to Redis: one, through Sentinel, or a Cluster. Commands never queue while Redis is away:
 * they fail at once, and what was in flight when a connection broke is never sent a second time.
 */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from './config.ts';

export type Client = Redis | Cluster;

interface Address {
  readonly hosts: { host: string; port: number }[];
  readonly options: RedisOptions;
}

/** Several `host:port` may stand where a URL has one. */
function parse(url: string): Address {
  const match = /^(rediss?):\/\/(?:(.*)@)?([^/]+)(?:\/(\d+))?\/?$/.exec(url);
  const bare = match ?? [url, 'redis', undefined, url, undefined];
  const [, scheme, credentials, list = '', db] = bare;
  const hosts = list.split(',').map((item) => {
    const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(item.trim()) ?? [];
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 6379) };
  });
  const options: RedisOptions = {};
  if (scheme === 'rediss') options.tls = {};
  if (db !== undefined) options.db = Number(db);
  if (credentials !== undefined) {
    const colon = credentials.indexOf(':');
    const username = decodeURIComponent(colon < 0 ? '' : credentials.slice(0, colon));
    if (username !== '') options.username = username;
    options.password = decodeURIComponent(credentials.slice(colon + 1));
  }
  return { hosts, options };
}

const backoff = (times: number): number =>
  Math.min(50 * 2 ** Math.min(times, 5), 1000) * (0.5 + Math.random() / 2);

const common: RedisOptions = {
  connectTimeout: 2_000,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: backoff,
  // After a failover the old master answers READONLY: leave it and ask again who is master.
  reconnectOnError: (error) => error.message.startsWith('READONLY'),
};

/**
 * Where its database cannot be selected, ioredis would go on with database 0, perhaps another installation's: such a
 * connection is closed before it is ready, and tried again. So is what BullMQ duplicates.
 */
function insist(redis: Redis): Redis {
  redis.on('error', (error: Error & { command?: { name?: string } }) => {
    if (error.command?.name === 'select') redis.disconnect(true);
  });
  const { duplicate } = redis;
  redis.duplicate = (over) => insist(duplicate.call(redis, over));
  return redis;
}

function openOne(config: RedisConfig, options: RedisOptions): Redis {
  const address = parse(config.url);
  if (config.mode === 'sentinel') {
    const { tls } = address.options;
    const redis = new Redis({
      ...options,
      ...address.options,
      // Without these two, sentinels and the master behind them are spoken to in clear all the same.
      ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
      sentinels: address.hosts,
      name: config.master ?? 'mymaster',
      ...(address.options.password !== undefined && { sentinelPassword: address.options.password }),
    });
    return insist(redis);
  }
  const [first = { host: '127.0.0.1', port: 6379 }] = address.hosts;
  return insist(new Redis({ ...options, ...address.options, ...first }));
}

function open(config: RedisConfig, options: RedisOptions): Client {
  if (config.mode !== 'cluster') return openOne(config, options);
  const address = parse(config.url);
  const {
    retryStrategy: _,
    enableOfflineQueue,
    ...redisOptions
  } = { ...options, ...address.options };
  return new Cluster(address.hosts, {
    clusterRetryStrategy(this: Cluster, times, reason) {
      // That a host does not resolve, ioredis tells nobody else.
      if (reason) this.emit('error', reason);
      return backoff(times);
    },
    slotsRefreshInterval: 10_000,
    slotsRefreshTimeout: 2_000,
    // 0: what was in flight when a connection broke is not sent a second time.
    retryDelayOnFailover: 0,
    maxRedirections: 4,
    enableOfflineQueue: enableOfflineQueue ?? true,
    redisOptions,
  });
}

/** A host that vanished without a word is left when it owes an answer for this long (ms). */
const SILENCE = 7_000;

export const openCommands = (config: RedisConfig): Client =>
  open(config, { ...common, socketTimeout: SILENCE });

/** To the Redis, or to the master of a Cluster at `owner` (`host:port`). It never reconnects: the bus makes a new one. */
export function openSubscriber(config: RedisConfig, owner: string): Redis {
  const options: RedisOptions = {
    ...common,
    enableOfflineQueue: true,
    autoResubscribe: false,
    retryStrategy: () => null,
    connectionName: 'encke-bus',
  };
  if (owner === '') return openOne(config, options);
  const colon = owner.lastIndexOf(':');
  const [host, port] = [owner.slice(0, colon), Number(owner.slice(colon + 1))];
  return new Redis({ ...options, ...parse(config.url).options, host, port });
}

/** BullMQ waits for Redis as long as it takes, on a connection of its own. */
export const openJobs = (config: RedisConfig): Client =>
  open(config, {
    maxRetriesPerRequest: null,
    retryStrategy: backoff,
    connectionName: 'encke-jobs',
  });
