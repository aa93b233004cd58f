import { eventually } from './eventually.ts';
import { type RedisServer, startRedis, type TestRedis } from './redis.ts';

export interface RedisSentinel extends Pick<TestRedis, 'env'> {
  /** The first master and its two replicas. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** Whom the sentinels call the master now. */
  master(): Promise<RedisServer>;
  /** Resolves with the new master when the sentinels have another one than `old` and it takes writes. */
  failedOver(old: RedisServer): Promise<RedisServer>;
  stop(): Promise<void>;
}

const name = 'encke';

const startSentinel = (masterPort: number): Promise<RedisServer> =>
  startRedis({
    sentinel: [
      `sentinel monitor ${name} 127.0.0.1 ${masterPort} 2`,
      // Quick for a test, and still longer than a loaded machine stands still.
      `sentinel down-after-milliseconds ${name} 2000`,
      `sentinel failover-timeout ${name} 10000`,
    ],
  });

/** Every sentinel knows both replicas and both other sentinels, so that any two can act. */
async function checkAcquainted(sentinels: readonly RedisServer[]): Promise<void> {
  for (const sentinel of sentinels)
    for (const what of ['REPLICAS', 'SENTINELS'] as const) {
      const known = (await sentinel.cli('SENTINEL', what, name)) as unknown[];
      if (known.length < 2) throw new Error(`a sentinel knows ${known.length} ${what}`);
    }
}

async function checkWritable(server: RedisServer): Promise<void> {
  const [role] = (await server.cli('ROLE')) as [string];
  if (role !== 'master') throw new Error(`the new master is a ${role} still`);
}

/** One master, two replicas and three sentinels, all on loopback. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const servers: RedisServer[] = [];
  const sentinels: RedisServer[] = [];
  const stop = async () => {
    await Promise.all([...sentinels, ...servers].map((server) => server.stop()));
  };
  const master = async (): Promise<RedisServer> => {
    const address = await sentinels[0]?.cli('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name);
    const [, port] = address as [string, string];
    const found = servers.find((server) => server.port === Number(port));
    if (found === undefined) throw new Error(`no server of ours has port ${port}`);
    return found;
  };
  try {
    const first = await startRedis();
    servers.push(first);
    const args = [
      '--replicaof',
      '127.0.0.1',
      String(first.port),
      '--repl-diskless-sync-delay',
      '0',
    ];
    for (let i = 0; i < 2; i += 1) servers.push(await startRedis({ args }));
    for (let i = 0; i < 3; i += 1) sentinels.push(await startSentinel(first.port));
    await eventually(() => checkAcquainted(sentinels), { timeout: 60_000, every: 100 });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env: {
      ENCKE_REDIS_URL: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(','),
      ENCKE_REDIS_MODE: 'sentinel',
      ENCKE_REDIS_MASTER: name,
    },
    servers,
    sentinels,
    master,
    failedOver: (old) =>
      eventually(
        async () => {
          const now = await master();
          if (now === old) throw new Error('the old master is still the master');
          await checkWritable(now);
          return now;
        },
        { timeout: 60_000, every: 100 },
      ),
    stop,
  };
}
