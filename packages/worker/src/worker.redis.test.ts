import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster, type Registry } from '@encke/cluster';
import { type App, type Device, type Node, newNode, sessionId, type User } from '@encke/protocol';
import { type Context, createLog, createMetrics, loadConfig, type Running } from '@encke/service';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { startWorker } from './index.ts';

let redis: RedisServer;
let context: Context;
let cluster: Cluster;
let worker: Running;
const lines: Record<string, unknown>[] = [];
before(async () => {
  redis = await startRedis();
  const config = loadConfig({
    ENCKE_REDIS_URL: redis.url,
    ENCKE_REDIS_PREFIX: 'worker',
    ENCKE_OFFLINE_GRACE: '1',
    ENCKE_API_KEY: 'test-api-key',
  });
  const log = createLog('worker', 'info', { write: (line) => lines.push(JSON.parse(line)) });
  context = { config, log, metrics: createMetrics('worker') };
  cluster = await openCluster(config);
  worker = await startWorker(context);
});
after(async () => {
  await worker?.drain();
  await worker?.stop();
  await cluster?.close();
  await redis?.stop();
});

const app = 1 as App;

/** A gateway that holds a session of the user, and is not there. */
async function ghost(user: User): Promise<{ node: Node; registry: Registry }> {
  const node = newNode();
  const nothing = () => {};
  const bus = { message: nothing, evicted: nothing, close: nothing, revoked: nothing };
  const handlers = { ...bus, up: nothing, down: nothing, lag: nothing };
  const { registry } = cluster.join(node, handlers, nothing);
  const session = sessionId(node, 1);
  await cluster.setHash(app, user, 'key');
  await registry.attach({ app, user, session, device: 'phone' as Device, key: 'key' });
  return { node, registry };
}

async function counter(name: string): Promise<number> {
  const line = (await context.metrics.text())
    .split('\n')
    .find((text) => text.startsWith(`${name}{`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

test('a gateway that no longer beats is swept, and its users go offline', async () => {
  const user = 1 as User;
  const { node } = await ghost(user);
  await redis.cli('ZADD', 'worker:{nodes}', Date.now() - 60_000, node);
  assert.equal((await cluster.user(app, user)).online, true);
  await eventually(async () => assert.equal((await cluster.user(app, user)).online, false), {
    timeout: 20_000,
  });
  await eventually(async () => assert.equal(await counter('encke_users_offline_total'), 1));
  await eventually(async () => {
    assert.equal(await counter('encke_nodes_swept_total'), 1);
    assert.equal(await counter('encke_sessions_swept_total'), 1);
    assert.equal(await redis.cli('ZCARD', 'worker:{nodes}'), 0);
  });
  const told = lines.filter(({ msg }) => msg === 'swept a dead gateway');
  assert.deepEqual(
    told.map(({ level, node, sessions }) => ({ level, node, sessions })),
    [{ level: 'warn', node, sessions: 1 }],
  );
});

/** A user comes and goes, and the worker notices. */
async function leavesAndIsSettled(user: User): Promise<void> {
  const before = await counter('encke_users_offline_total');
  const { registry, node } = await eventually(() => ghost(user));
  const session = sessionId(node, 1);
  const device = 'phone' as Device;
  await registry.detach({ app, user, session, device, epoch: '', cursor: 0 });
  await eventually(
    async () => assert.equal((await counter('encke_users_offline_total')) - before, 1),
    { timeout: 20_000 },
  );
}

test('the jobs go on after Redis came back empty', async () => {
  await redis.kill();
  await eventually(() => assert.notEqual(worker.unready(), undefined));
  await redis.restartEmpty();
  await eventually(() => assert.equal(worker.unready(), undefined));
  await leavesAndIsSettled(2 as User);
});

test('the jobs go on after FLUSHALL, which breaks no connection', async () => {
  await redis.cli('FLUSHALL');
  await leavesAndIsSettled(3 as User);
});

test('the jobs go on when the clock of the worker is set back', async (t) => {
  const real = Date.now.bind(Date);
  t.mock.method(Date, 'now', () => real() - 3_600_000);
  await leavesAndIsSettled(4 as User);
});

test('a worker whose connection for jobs cannot be made anew is not ready, and says so in few lines', async (t) => {
  const password = (words: string) => redis.cli('ACL', 'SETUSER', 'encke', 'resetpass', words);
  await redis.cli('ACL', 'SETUSER', 'encke', 'on', '>old', '~*', '&*', '+@all');
  const waiting = async (): Promise<string> => {
    const clients = String(await redis.cli('CLIENT', 'LIST'));
    const [, id] = /^id=(\d+) .* cmd=bzpopmin user=encke /m.exec(clients) ?? [];
    return id ?? assert.fail('nobody waits for jobs');
  };
  const heard: string[] = [];
  const config = loadConfig({
    ENCKE_REDIS_URL: redis.url.replace('//', '//encke:old@'),
    ENCKE_REDIS_PREFIX: 'other-worker',
    ENCKE_API_KEY: 'test-api-key',
  });
  const log = createLog('worker', 'info', { write: (line) => heard.push(line) });
  const other = await startWorker({ config, log, metrics: createMetrics('worker') });
  t.after(async () => {
    await password('>old');
    // BullMQ ends in time only while it is connected.
    await eventually(waiting);
    await other.drain();
    await other.stop();
  });
  await eventually(() => assert.equal(other.unready(), undefined));
  await password('>new');
  await redis.cli('CLIENT', 'KILL', 'ID', await eventually(waiting));
  await eventually(() => assert.equal(other.unready(), 'Redis is away: WRONGPASS'));
  await eventually(async () => {
    const errors = String(await redis.cli('INFO', 'errorstats'));
    assert.ok(Number(/WRONGPASS:count=(\d+)/.exec(errors)?.[1]) > 8, errors);
  });
  assert.ok(heard.length <= 2, heard.join(''));
  await password('>old');
  await eventually(() => assert.equal(other.unready(), undefined));
});
