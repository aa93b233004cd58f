import { eventually } from './eventually.ts';
import { freePort } from './guard.ts';
import { type RedisServer, startRedis, type TestRedis } from './redis.ts';

export interface RedisCluster extends TestRedis {
  readonly masters: readonly RedisServer[];
  /** One more node, which holds what the first master holds. */
  addReplica(): Promise<RedisServer>;
}

interface Member {
  readonly server: RedisServer;
  readonly busPort: number;
}

const slots = 16_384;

/** Gives each master its third of the slots and makes them know each other. */
async function form(members: readonly Member[]): Promise<void> {
  const share = Math.ceil(slots / members.length);
  for (const [i, { server }] of members.entries()) {
    const last = Math.min((i + 1) * share, slots) - 1;
    await server.cli('CLUSTER', 'ADDSLOTSRANGE', i * share, last);
    await server.cli('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  const [first, ...others] = members;
  if (first === undefined) throw new Error('a cluster needs a master');
  // Redis gives up a handshake that takes longer than its node timeout: it is asked again.
  await eventually(
    async () => {
      for (const { server, busPort } of others)
        await first.server.cli('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
      for (const { server } of members)
        await eventually(() => agrees(server, members.length), { timeout: 5_000 });
    },
    { timeout: 60_000 },
  );
}

async function agrees(server: RedisServer, size: number): Promise<void> {
  const info = String(await server.cli('CLUSTER', 'INFO'));
  if (!info.includes('cluster_state:ok')) throw new Error('the cluster is not ok yet');
  if (!info.includes(`cluster_size:${size}`)) throw new Error('the cluster is not whole yet');
}

async function startMember(): Promise<Member> {
  // The usual bus port, port + 10000, may lie beyond 65535.
  const busPort = await freePort();
  const server = await startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
      ...['--cluster-node-timeout', '3000'],
    ],
  });
  return { server, busPort };
}

/** Resolves when the replica has all its master has. */
async function replicate(master: Member, replica: RedisServer): Promise<void> {
  const patience = { timeout: 60_000 };
  await replica.cli('CLUSTER', 'MEET', '127.0.0.1', master.server.port, master.busPort);
  const id = String(await master.server.cli('CLUSTER', 'MYID'));
  await eventually(() => replica.cli('CLUSTER', 'REPLICATE', id), patience);
  await eventually(async () => {
    const info = String(await replica.cli('INFO', 'replication'));
    if (!info.includes('master_link_status:up')) throw new Error('the replica is not in step yet');
  }, patience);
}

/** A replica and its master change places, as before an upgrade of the master. */
export async function takeOver(replica: RedisServer): Promise<void> {
  const role = async () => ((await replica.cli('ROLE')) as [string])[0];
  // Redis gives up a takeover that takes longer than 5 s: it is asked again.
  for (let i = 0; i < 5 && (await role()) !== 'master'; i += 1) {
    // It refuses while it is not connected to its master.
    await eventually(() => replica.cli('CLUSTER', 'FAILOVER'), { timeout: 30_000, every: 100 });
    await eventually(
      async () => {
        if ((await role()) !== 'master') throw new Error('the replica has not taken over');
      },
      { timeout: 10_000 },
    ).catch((error: unknown) => {
      if (i === 4) throw error;
    });
  }
}

/** Three masters on loopback that form a Redis Cluster, without replicas. */
export async function startRedisCluster(size = 3): Promise<RedisCluster> {
  const members: Member[] = [];
  const masters: RedisServer[] = [];
  const replicas: RedisServer[] = [];
  const stop = async () => {
    await Promise.all([...masters, ...replicas].map((server) => server.stop()));
  };
  try {
    for (let i = 0; i < size; i += 1) {
      const member = await startMember();
      members.push(member);
      masters.push(member.server);
    }
    await form(members);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = masters.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return {
    url,
    env: { ENCKE_REDIS_URL: url, ENCKE_REDIS_MODE: 'cluster' },
    masters,
    async addReplica() {
      const { server } = await startMember();
      replicas.push(server);
      await replicate(members[0] as Member, server);
      return server;
    },
    all: (...words) => Promise.all(masters.map((server) => server.cli(...words))),
    pause: () => {
      for (const server of masters) server.pause();
    },
    resume: () => {
      for (const server of masters) server.resume();
    },
    async kill() {
      await Promise.all(masters.map((server) => server.kill()));
    },
    async restartEmpty() {
      await Promise.all(masters.map((server) => server.restartEmpty()));
      await form(members);
    },
    stop,
  };
}

/** One Redis, or with `ENCKE_TEST_REDIS=cluster` a cluster: the same tests run on both. */
export const startTestRedis = (kind: string | undefined): Promise<TestRedis> =>
  kind === 'cluster' ? startRedisCluster() : startRedis();
