import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { v1 } from '@encke/protocol';
import { eventually, LegacyDevice, legacyUrl, V1Device } from '@encke/testing';
import { WebSocket } from 'ws';
import { type Application, openApplication } from './application.ts';
import { openStage, type Stage } from './stage.ts';
import { dataOf, frame, numbers, publishAll, subscribe } from './subscriber.ts';

const gateways = 3;
const crowd = 1_000;
const messages = 5_000;
const keeps = 50;

/** A socket that subscribes and reads what comes without looking at it. */
async function visitor(stage: Stage, n: number): Promise<WebSocket> {
  const address = stage.gateway(n % gateways);
  const old = n % 2 === 0;
  const socket = old
    ? new WebSocket(legacyUrl(address), { perMessageDeflate: false })
    : new WebSocket(`ws://${address}${v1.path}`, v1.subprotocol, { perMessageDeflate: false });
  socket.on('error', () => {});
  await once(socket, 'open');
  if (old) socket.send('subscription\nstorm');
  else {
    socket.send('{"type":"hello","app":1}');
    socket.send('{"type":"subscribe","channel":"storm"}');
  }
  return socket;
}

async function arrive(stage: Stage): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let i = 0; i < crowd; i += 100)
    sockets.push(...(await Promise.all(numbers(i, i + 99).map((n) => visitor(stage, n)))));
  return sockets;
}

async function leave(sockets: readonly WebSocket[]): Promise<void> {
  for (const [i, socket] of sockets.entries()) {
    if (i % 3 === 0) socket.terminate();
    else socket.close(1000);
  }
  await Promise.all(
    sockets.map((socket) => socket.readyState === WebSocket.CLOSED || once(socket, 'close')),
  );
}

const counted = (app: Application, count: number) =>
  eventually(
    async () => {
      assert.equal(await app.count('storm'), count);
      assert.equal((await app.members('storm')).length, count);
    },
    { timeout: 60_000, every: 250 },
  );

test('[N9] [N11] 1,000 subscribers leave at once and come again during 5,000 messages', async (t) => {
  const stage = await openStage({ gateways });
  t.after(() => stage.close());
  const app = await openApplication(stage);
  await app.keep('storm', keeps);
  const lasting: V1Device[] = [];
  const pages: LegacyDevice[] = [];
  for (const n of numbers(0, 5)) {
    const device = await V1Device.connect(stage.gateway(n % gateways));
    await subscribe(device, 'storm');
    const page = await LegacyDevice.connect(stage.gateway(n % gateways));
    page.send('subscription\nstorm');
    lasting.push(device);
    pages.push(page);
  }
  const stayed = lasting.length + pages.length;
  await counted(app, stayed);
  let sockets = await arrive(stage);
  await counted(app, stayed + crowd);

  const publishing = publishAll(app, 'storm', numbers(1, messages));
  await leave(sockets);
  sockets = await arrive(stage);
  await publishing;

  for (const device of lasting) await frame(device, 'channel', messages, 120_000);
  for (const device of lasting) assert.deepEqual(dataOf(device), numbers(1, messages));
  for (const page of pages) {
    const data = () =>
      page.frames.flatMap(({ event, data }) => (event === 'e' ? [Number(data)] : []));
    await eventually(() => assert.equal(data().length, messages), { timeout: 60_000 });
    assert.deepEqual(data(), numbers(1, messages));
  }
  await counted(app, stayed + crowd);
  assert.deepEqual(await app.kept('storm'), numbers(messages - keeps + 1, messages));
  await leave(sockets);
  await counted(app, stayed);
  await Promise.all([...lasting, ...pages].map((device) => device.drop()));
  await counted(app, 0);
  for (const gateway of stage.nodes.gateways)
    assert.equal((await gateway.metrics()).get('encke_session_faults_total'), 0);
});
