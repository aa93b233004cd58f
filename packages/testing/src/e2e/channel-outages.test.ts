import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Position } from '@encke/protocol';
import { eventually, LegacyDevice, V1Device } from '@encke/testing';
import { openApplication } from './application.ts';
import { skipOnCluster } from './on-cluster.ts';
import { openStage, type StageOptions } from './stage.ts';
import { channelFrames, dataOf, frame, numbers, publishAll, say, subscribe } from './subscriber.ts';

const open = async (options?: StageOptions) => {
  const stage = await openStage(options);
  return { stage, app: await openApplication(stage) };
};

/** A page of the old wire in one channel, and the numbers it was sent. */
async function page(address: string, channel: string) {
  const device = await LegacyDevice.connect(address);
  device.send(`subscription\n${channel}`);
  const data = () =>
    device.frames.filter(({ pipe }) => pipe === channel).map((line) => Number(line.data));
  return { device, data };
}

test('[N7] the bus is cut during a stream: every subscriber has every message, in order, and nothing was missed', async (t) => {
  const { stage, app } = await open();
  t.after(() => stage.close());
  await app.keep('stream', 99);
  const devices = await Promise.all(
    [0, 0, 1, 1].map((gateway) => V1Device.connect(stage.gateway(gateway))),
  );
  const old = await page(stage.gateway(1), 'stream');
  t.after(() => [...devices, old.device].map((device) => device.drop()));
  for (const device of devices) await subscribe(device, 'stream');
  await eventually(async () => assert.equal(await app.count('stream'), 5));
  for (const round of numbers(0, 9)) {
    await stage.redis.all('CLIENT', 'KILL', 'TYPE', 'pubsub');
    // Fewer than are kept: nothing may be lost.
    await publishAll(app, 'stream', numbers(round * 40 + 1, round * 40 + 40));
    for (const device of devices) await frame(device, 'channel', round * 40 + 40, 30_000);
  }
  for (const device of devices) {
    assert.deepEqual(dataOf(device), numbers(1, 400));
    assert.ok(device.frames.every(({ type }) => type !== 'channel-missed'));
  }
  await eventually(() => assert.deepEqual(old.data(), numbers(1, 400)));
  await eventually(async () => assert.equal(await app.count('stream'), 5));
});

test('[N7] [V18] more is lost with the bus than the channel keeps: v1 is told, and what is kept follows', async (t) => {
  const { stage, app } = await open({ gateways: 1 });
  t.after(() => stage.close());
  await app.keep('short', 5);
  const device = await V1Device.connect(stage.gateway());
  t.after(() => device.drop());
  const { epoch } = await subscribe(device, 'short');
  // While the gateway stands still, its subscription is cut and messages come that only the history has.
  stage.process().pause();
  await stage.redis.all('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await publishAll(app, 'short', numbers(1, 20));
  stage.process().resume();
  await frame(device, 'channel', 5, 30_000);
  assert.deepEqual(await frame(device, 'channel-missed'), {
    ...{ type: 'channel-missed', channel: 'short', epoch, seq: 15 },
  });
  assert.deepEqual(dataOf(device), numbers(16, 20));
  assert.equal(device.closedWith, undefined);
});

test('[N7] Redis forgets the newest messages of a channel: v1 is told of a new epoch', {
  skip: skipOnCluster,
}, async (t) => {
  const { stage, app } = await open({ gateways: 1 });
  t.after(() => stage.close());
  await app.keep('failover', 10);
  const device = await V1Device.connect(stage.gateway());
  t.after(() => device.drop());
  const { epoch } = await subscribe(device, 'failover');
  await publishAll(app, 'failover', [1, 2]);
  await frame(device, 'channel', 2);
  const found = (await stage.redis.all('KEYS', '*:failover')) as string[][];
  const kept = found.flat().filter((key) => /:(channel|history):/.test(key));
  assert.equal(kept.length, 2);
  for (const key of kept) await stage.redis.all('COPY', key, `${key}:before`);
  await publishAll(app, 'failover', [3, 4]);
  await frame(device, 'channel', 4);
  for (const key of kept) await stage.redis.all('RENAME', `${key}:before`, key);
  await stage.redis.all('CLIENT', 'KILL', 'TYPE', 'pubsub');
  const missed = await frame(device, 'channel-missed');
  assert.notEqual(missed.epoch, epoch);
  await app.publish('failover', 5);
  await frame(device, 'channel', 5);
  assert.deepEqual(dataOf(device), numbers(1, 5));
});

test('[N9] [N11] a gateway is killed: its subscribers are gone from every count, and go on elsewhere', async (t) => {
  const { stage, app } = await open({ worker: true });
  t.after(() => stage.close());
  await app.keep('track_k', 99);
  const doomed = await V1Device.connect(stage.gateway(0));
  const watcher = await V1Device.connect(stage.gateway(1));
  const { epoch } = await subscribe(watcher, 'track_k');
  await subscribe(doomed, 'track_k');
  await publishAll(app, 'track_k', numbers(1, 10));
  await frame(doomed, 'channel', 10);
  await stage.kill(stage.process(0));
  // Redis reads from a new connection only after it has freed those of the dead.
  await stage.redis.all('PING');
  const { subscribers } = await app.publish('track_k', 11);
  assert.equal(subscribers, 1, 'nobody listens at a node that is gone');
  assert.equal(await app.count('track_k'), 1);
  assert.equal((await app.members('track_k')).length, 1);
  const last = channelFrames(doomed).at(-1);
  const position: Position = { epoch: String(last?.epoch), seq: Number(last?.seq) };
  const back = await V1Device.connect(stage.gateway(1));
  t.after(() => [watcher, back].map((device) => device.drop()));
  const answer = await subscribe(back, 'track_k', position);
  assert.deepEqual([answer.epoch, answer.recovered], [epoch, true]);
  await frame(back, 'channel');
  assert.deepEqual([...dataOf(doomed), ...dataOf(back)], numbers(1, 11));
  const { session } = await doomed.ready;
  assert.equal((await frame(watcher, 'left', 1, 60_000)).session, session);
});

test('[N11] Redis comes back empty: sockets stay, counts and members are there again, channels go on', async (t) => {
  const { stage, app } = await open();
  t.after(() => stage.close());
  await app.keep('empty', 10);
  const devices = await Promise.all([0, 1].map((n) => V1Device.connect(stage.gateway(n))));
  t.after(() => devices.map((device) => device.drop()));
  for (const device of devices)
    for (const channel of ['empty', 'web_bare']) await subscribe(device, channel);
  await app.publish('empty', 1);
  for (const device of devices) await frame(device, 'channel');
  await stage.redis.restartEmpty();
  await eventually(
    async () => {
      for (const gateway of stage.nodes.gateways) assert.equal(await gateway.ready(), 200);
      assert.equal(await app.count('empty'), 2);
      assert.equal((await app.members('web_bare')).length, 2);
    },
    { timeout: 30_000 },
  );
  await app.keep('empty', 10);
  await app.publish('empty', 2);
  await app.publish('web_bare', 3);
  for (const device of devices) {
    await frame(device, 'channel', 3);
    // Two channels know nothing of each other's order.
    assert.deepEqual(dataOf(device).sort(), numbers(1, 3));
    assert.equal(device.closedWith, undefined);
  }
});

test('[V12] [L11] Redis hangs: commands are refused, the sockets stay, and are served when it is back', async (t) => {
  const { stage, app } = await open({ gateways: 1 });
  t.after(() => stage.close());
  const device = await V1Device.connect(stage.gateway());
  const old = await page(stage.gateway(), 'web_hang');
  t.after(() => [device, old.device].map((one) => one.drop()));
  await eventually(async () => assert.equal(await app.count('web_hang'), 1));
  stage.redis.pause();
  say(device, { type: 'publish', ref: 1, channel: 'web_hang', data: 1 });
  say(device, { type: 'subscribe', channel: 'web_hang' });
  old.device.send('web_pipe2\nweb_hang\ne\n*\nhi');
  old.device.send('subscription\nweb_hang\nweb_more');
  await frame(device, 'refused', 2);
  const refused = device.frames.flatMap((one) => (one.type === 'refused' ? [one] : []));
  assert.deepEqual(refused.map(({ ref, channel, code }) => [ref ?? channel, code]).sort(), [
    [1, 'unavailable'],
    ['web_hang', 'unavailable'],
  ]);
  const isRefusal = ({ data }: { data: unknown }) =>
    (data as { number_messages?: number }).number_messages === -1;
  await old.device.until('the refusal', () => old.device.frames.find(isRefusal));
  stage.redis.resume();
  // The page needs to say nothing again.
  await eventually(async () => assert.equal(await app.count('web_more'), 1));
  await subscribe(device, 'web_hang');
  await eventually(async () => assert.equal((await app.publish('web_hang', 2)).subscribers, 2));
  assert.equal((await frame(device, 'channel')).data, 2);
  assert.deepEqual([device.closedWith, old.device.closedWith], [undefined, undefined]);
});
