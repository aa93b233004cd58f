import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { newNode } from '@encke/protocol';
import { eventually, type RedisServer, startProxy, startRedis } from '@encke/testing';
import { Bus, type BusHandlers } from './bus.ts';
import { newUser, openTestCluster, type TestCluster } from './cluster.fixture.ts';
import { PARTITIONS } from './keys.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis?.stop());

/** What the bus said, in order. */
function openBus(cluster: TestCluster) {
  const node = newNode();
  const said: string[] = [];
  const handlers: BusHandlers = {
    message: ({ target, seq, event, data }) => said.push(`${target} ${seq} ${event} ${data}`),
    evicted: (target, session) => said.push(`evicted ${target} ${session}`),
    close: (target, reason) => said.push(`close ${target} ${reason}`),
    revoked: (target, digest) => said.push(`revoked ${target} ${digest}`),
    presence: (channel, online, time) => said.push(`presence ${channel} ${online} ${time}`),
    up: () => said.push('up'),
    down: () => said.push('down'),
    lag: (seconds) => said.push(seconds >= 0 && seconds < 5 ? 'lag' : `lag ${seconds}`),
  };
  const bus = new Bus(cluster.context, node, handlers);
  bus.start();
  const heard = (what: string, times = 1) =>
    eventually(() => {
      const count = said.filter((one) => one === what).length;
      assert.equal(count >= times, true, `${what}: ${count} of ${times} in ${said.join(', ')}`);
    });
  const channel = (partition: number) => `${cluster.context.keys.bus(partition)}${node}`;
  return { bus, said, heard, channel };
}

async function withBus(
  run: (parts: ReturnType<typeof openBus> & { cluster: TestCluster }) => Promise<void>,
  url = redis.url,
) {
  const cluster = await openTestCluster(url);
  const parts = openBus(cluster);
  try {
    await parts.heard('up');
    await run({ ...parts, cluster });
  } finally {
    parts.bus.stop();
    await cluster.stop();
  }
}

const publish = (channel: string, text: string) => redis.cli('SPUBLISH', channel, text);

test('a node hears what is published on the channel of every partition', () =>
  withBus(async ({ channel, said }) => {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      assert.equal(await publish(channel(partition), `x 1:${partition} s`), 1, `${partition}`);
    }
    await eventually(() =>
      assert.equal(said.filter((one) => one.startsWith('evicted')).length, PARTITIONS),
    );
  }));

test('several lines come in one payload; unknown ones are passed over', () =>
  withBus(async ({ channel, said, heard }) => {
    const lines = ['x 1:7 abc.1', 'c 1:7 signedOut', '', 'q what is this', 'c 0:8 moved'];
    await publish(channel(3), lines.join('\n'));
    await heard('close 0:8 moved');
    assert.deepEqual(
      said.filter((one) => one !== 'up' && one !== 'lag'),
      ['evicted 1:7 abc.1', 'close 1:7 signedOut', 'close 0:8 moved'],
    );
  }));

test('a subscription that Redis ends is made anew, and everybody is told', () =>
  withBus(async ({ heard, channel }) => {
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await heard('down');
    await heard('up', 2);
    assert.equal(await publish(channel(0), 'c 1:7 moved'), 1);
    await heard('close 1:7 moved');
  }));

test('a subscription that is dead without a word is found out by a probe', async () => {
  const proxy = await startProxy({ target: redis.port });
  try {
    await withBus(async ({ heard }) => {
      await heard('lag');
      const clients = String(await redis.cli('CLIENT', 'LIST', 'TYPE', 'pubsub'));
      const port = Number(/ addr=[^ ]*:(\d+) /.exec(clients)?.[1]);
      proxy.stallOne(port);
      await heard('down');
      await heard('up', 2);
    }, `redis://${proxy.address}`);
  } finally {
    await proxy.stop();
  }
});

test('while Redis stands still the bus waits', () =>
  withBus(async ({ cluster, said, heard }) => {
    await heard('lag');
    redis.pause();
    try {
      // Given up after two seconds.
      await assert.rejects(cluster.append(newUser(), 'x'));
    } finally {
      redis.resume();
    }
    const before = said.length;
    await eventually(() => assert.equal(said.slice(before).includes('lag'), true));
    assert.equal(said.includes('down'), false);
  }));

test('a bus that was stopped says nothing more and leaves no subscription', async () => {
  const cluster = await openTestCluster(redis.url);
  try {
    const { bus, said, heard, channel } = openBus(cluster);
    await heard('up');
    bus.stop();
    assert.equal(bus.up(), false);
    await eventually(async () => assert.equal(await publish(channel(0), 'c 1:7 moved'), 0));
    assert.equal(said.includes('down'), false);
  } finally {
    await cluster.stop();
  }
});
