import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, LegacyDevice, V1Device } from '@encke/testing';
import { type Application, openApplication } from './application.ts';
import { openStage, type Stage } from './stage.ts';
import { channelFrames, dataOf, frame, numbers, publishAll, say, subscribe } from './subscriber.ts';

const large = 'x'.repeat(32 * 1024);

let stage: Stage;
let app: Application;
before(async () => {
  stage = await openStage({ gateways: 1, env: { ENCKE_SEND_BUFFER: String(256 * 1024) } });
  app = await openApplication(stage);
});
after(() => stage?.close());

test('[N12] a subscriber that reads nothing is cut off; its neighbour gets everything', async (t) => {
  const [slow, quick] = [
    await V1Device.connect(stage.gateway()),
    await V1Device.connect(stage.gateway()),
  ];
  t.after(() => [slow, quick].map((device) => device.drop()));
  for (const device of [slow, quick]) await subscribe(device, 'flood');
  slow.pause();
  let sent = 0;
  while ((await app.count('flood')) === 2 && sent < 1_000) {
    await app.publish('flood', `${sent} ${large}`);
    sent += 1;
    await frame(quick, 'channel', sent);
  }
  await eventually(async () => assert.equal(await app.count('flood'), 1));
  slow.resume();
  assert.ok([1006, 4004].includes((await slow.closed).code));
  assert.ok(channelFrames(slow).length < sent);
  assert.equal(quick.closedWith, undefined);
});

test('[N12] [V13] [V16] [L17] a history larger than the send buffer reaches who asked for it or missed it', async (t) => {
  await app.keep('large', 99);
  const first = await V1Device.connect(stage.gateway());
  const { epoch } = await subscribe(first, 'large');
  await first.drop();
  await publishAll(
    app,
    'large',
    numbers(1, 99).map((n) => `${n} ${large}`),
  );
  const device = await V1Device.connect(stage.gateway());
  const page = await LegacyDevice.connect(stage.gateway());
  t.after(() => [device, page].map((one) => one.drop()));
  const { recovered } = await subscribe(device, 'large', { epoch: String(epoch), seq: 0 });
  assert.equal(recovered, true);
  await frame(device, 'channel', 99, 30_000);
  assert.deepEqual(
    dataOf(device).map((data) => Number(String(data).split(' ')[0])),
    numbers(1, 99),
  );
  for (const ref of [1, 2]) say(device, { type: 'history', ref, channel: 'large' });
  assert.equal((await frame(device, 'history', 2, 30_000)).messages.length, 99);
  for (const marker of [1, 2]) page.send(`pipe_log\nlarge\n${marker}\n`);
  await page.until('the history, twice', () => page.frames[198], 30_000);
  assert.deepEqual([device.closedWith, page.closedWith], [undefined, undefined]);
});
