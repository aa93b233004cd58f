/** Redis behind Sentinel: what users notice when its master dies, hangs, or dies with messages that no replica has. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  eventually,
  eventuallyDelivered,
  type Nodes,
  type RedisSentinel,
  type RedisServer,
  type RoamingDevice,
  roamLegacy,
  roamV1,
  startNodes,
  startRedisSentinel,
} from '@encke/testing';
import { Ledger } from './ledger.ts';
import { checkSocketsStayed, flow, stream, total } from './traffic.ts';

let sentinel: RedisSentinel;
let nodes: Nodes;
let users = 100;
const roaming: RoamingDevice[] = [];

before(async () => {
  sentinel = await startRedisSentinel();
  nodes = await startNodes({ redis: sentinel, worker: true });
});
after(async () => {
  for (const device of roaming) await device.stop();
  for (const server of sentinel?.servers ?? []) server.resume();
  await nodes?.stop();
  await sentinel?.stop();
  for (const one of nodes?.all ?? []) {
    assert.equal(await one.exited, 0, one.output);
  }
});

async function people(count: number) {
  const all = Array.from({ length: count }, () => {
    users += 1;
    return { user: users, key: `hash-of-${users}` };
  });
  for (const { user, key } of all) await nodes.api.setHash(user, key);
  const gateways = () => nodes.gateways.filter(({ alive }) => alive).map(({ address }) => address);
  const devices = all.flatMap((one) =>
    [roamV1, roamLegacy].map((roam) => roam({ ...one, gateways })),
  );
  roaming.push(...devices);
  await Promise.all(devices.map((device) => device.attached(30_000)));
  return { people: all, devices };
}

const offset = async (server: RedisServer) =>
  /master_repl_offset:(\d+)/.exec(String(await server.cli('INFO', 'replication')))?.[1];

/** Resolves when every server that runs has what the master has. */
const replicated = (master: RedisServer, servers: readonly RedisServer[]) =>
  eventually(async () => {
    const wanted = await offset(master);
    for (const server of servers) assert.ok(Number(await offset(server)) >= Number(wanted));
  });

const others = (master: RedisServer, dead: readonly RedisServer[] = []) =>
  sentinel.servers.filter((server) => server !== master && !dead.includes(server));

/** Resolves when that many more messages were accepted; rejects as the sender does. */
async function accepts(ledger: Ledger, more: number, sending: ReturnType<typeof flow>) {
  const before = ledger.accepted;
  const enough = () => assert.ok(ledger.accepted > before + more, `${ledger.accepted} accepted`);
  await eventually(enough, { timeout: 60_000 }).catch(async (error: unknown) => {
    await sending.stop();
    throw error;
  });
}

const missed = (devices: Awaited<ReturnType<typeof people>>['devices']) =>
  total(devices, (device) => device.missed);

test('a master that hangs is replaced, and does no harm when it wakes', async () => {
  const { people: all, devices } = await people(20);
  const ledger = new Ledger(nodes.api);
  await stream(ledger, all, { messages: 1_000 });
  const master = await sentinel.master();
  await replicated(master, others(master));
  master.pause();
  const sending = flow(ledger, all);
  await sentinel.failedOver(master);
  await accepts(ledger, 100, sending);
  for (const gateway of nodes.gateways)
    await eventually(async () => assert.equal(await gateway.ready(), 200), { timeout: 60_000 });
  master.resume();
  await eventually(async () => assert.equal(((await master.cli('ROLE')) as [string])[0], 'slave'), {
    timeout: 60_000,
    every: 100,
  });
  await sending.stop();
  assert.ok(ledger.retries > 0, 'application servers were told to come back');
  await eventuallyDelivered(ledger.expected(), devices, 60_000);
  ledger.checkGapless();
  checkSocketsStayed(devices);
  assert.equal(missed(devices), 0, 'nothing was lost, and nobody is told so');
});

test('messages that only the dead master had: apps are told, and later ones arrive on both wires', async () => {
  const { people: all, devices } = await people(5);
  const first = new Ledger(nodes.api);
  await stream(first, all, { messages: 50, batch: 10 });
  await eventuallyDelivered(first.expected(), devices);
  const master = await sentinel.master();
  const replicas = others(master);
  await replicated(master, replicas);
  for (const replica of replicas) replica.pause();
  await master.cli('CLIENT', 'KILL', 'TYPE', 'replica');
  await stream(first, all, { messages: 10, batch: 10 });
  await eventuallyDelivered(first.expected(), devices);
  await master.kill();
  for (const replica of replicas) replica.resume();
  for (const device of devices) device.data.length = 0;
  // The numbers of the lost messages are given again, perhaps before the gateways are back to say so.
  const second = new Ledger(nodes.api);
  const sending = flow(second, all);
  await sentinel.failedOver(master);
  await accepts(second, 200, sending);
  await sending.stop();
  // By what they carry: a message whose number was given twice has another id when it comes again.
  await eventually(
    () => {
      for (const device of devices)
        for (let n = 1; n <= second.accepted; n += 1)
          if (all[n % all.length]?.user === device.user)
            assert.ok(
              device.data.includes(`{"n":${n}}`),
              `${device.wire} lacks ${n}: ${device.data.slice(0, 3)}`,
            );
    },
    { timeout: 60_000, every: 200 },
  );
  const last = new Ledger(nodes.api);
  await eventually(() => {
    for (const device of devices) if (device.wire === 'v1') assert.ok(device.missed > 0);
  });
  for (const device of devices) device.received.length = 0;
  await stream(last, all, { messages: 100, batch: 10 });
  await eventuallyDelivered(last.expected(), devices, 60_000);
  checkSocketsStayed(devices);
  // Whole again for those who come next.
  await master.restartEmpty();
  await master.cli('REPLICAOF', '127.0.0.1', (await sentinel.master()).port);
});
