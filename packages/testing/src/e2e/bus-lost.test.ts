import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  eventually,
  eventuallyDelivered,
  startNodes,
  startProxy,
  startRedis,
  V1Device,
} from '@encke/testing';
import { openStage, Stage } from './stage.ts';
import { checkSocketsStayed, stream, total } from './traffic.ts';

test('the bus is cut ten times during a stream: nothing is lost, nobody is disconnected', async (t) => {
  const stage = await openStage();
  t.after(() => stage.close());
  const people = await stage.people(250);
  const devices = await stage.roamBoth(people);
  let cuts = 0;
  await stream(stage.ledger, people, {
    messages: 20_000,
    async at(accepted) {
      if (accepted < (cuts + 1) * 1_750 || cuts === 10) return;
      cuts += 1;
      await stage.redis.all('CLIENT', 'KILL', 'TYPE', 'pubsub');
    },
  });
  assert.equal(cuts, 10);
  await eventuallyDelivered(stage.ledger.expected(), devices, 60_000);
  checkSocketsStayed(devices);
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
  );
  // The sessions are registered again, so that the next message is told to them at once.
  for (const { user } of people.slice(0, 50)) {
    await eventually(async () => assert.equal((await stage.api.user(user)).sessions.length, 2));
    assert.equal((await stage.api.send(user, 'live again')).sessions, 2);
  }
});

test('a bus connection that is silently dead is found by the probe and replaced', async (t) => {
  const redis = await startRedis();
  const proxy = await startProxy({ target: redis.port });
  const behind = { ...redis, env: { ENCKE_REDIS_URL: `redis://${proxy.address}` } };
  const stage = new Stage(redis, await startNodes({ redis: behind, gateways: 1 }));
  t.after(async () => {
    await stage.close();
    await proxy.stop();
  });
  const device = await V1Device.connect(stage.gateway(), await stage.person());
  t.after(() => device.drop());
  const user = 101;
  await stage.api.send(user, 'live');
  await device.message(1);
  const subscribers = String(await redis.cli('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  const ports = [...subscribers.matchAll(/ addr=127\.0\.0\.1:(\d+)/g)].map(([, port]) => port);
  assert.ok(ports.length > 0);
  for (const port of ports) proxy.stallOne(Number(port));
  const lost = await stage.api.send(user, 'into the void');
  assert.equal(lost.sessions, 1, 'Redis still believes in the subscriber');
  assert.equal((await device.message(2, 30_000)).id, lost.id);
  const live = await stage.api.send(user, 'live again');
  assert.equal((await device.message(3)).id, live.id);
  assert.equal(device.closedWith, undefined);
});
