import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, legacyUrl } from '@encke/testing';
import { WebSocket } from 'ws';
import { type Innocent, openInnocent } from './innocent.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let innocent: Innocent;
before(async () => {
  stage = await openStage({ gateways: 1 });
  innocent = await openInnocent(stage);
});
after(() => stage?.close());

test('10,000 connects with bad keys in one burst: each is answered, and nobody else notices', async (t) => {
  const burst = 10_000;
  const open: WebSocket[] = [];
  t.after(() => {
    for (const socket of open) socket.terminate();
  });
  let answered = 0;
  let started = 0;
  let faults = 0;
  const one = (i: number) =>
    new Promise<void>((resolve) => {
      const old = i % 2 === 1;
      const options = { user: 1 + (i % 5_000), key: `bad-${i}` };
      const socket = old
        ? new WebSocket(legacyUrl(stage.gateway(), options), { perMessageDeflate: false })
        : new WebSocket(`ws://${stage.gateway()}/v1/ws`, 'encke.v1', { perMessageDeflate: false });
      open.push(socket);
      if (!old)
        socket.once('open', () =>
          socket.send(JSON.stringify({ type: 'hello', app: 1, ...options })),
        );
      socket.once('error', () => {
        faults += 1;
      });
      socket.once('close', () => resolve());
      socket.once('message', (frame) => {
        if (frame.toString().includes('"authorized":false')) answered += 1;
        resolve();
      });
    });
  const worker = async () => {
    while (started < burst) {
      started += 1;
      await one(started);
    }
  };
  let going = true;
  const watch = (async () => {
    while (going) await innocent.undisturbed();
  })();
  await Promise.all(Array.from({ length: 500 }, worker));
  going = false;
  await watch;
  assert.deepEqual({ answered, faults }, { answered: burst, faults: 0 });
  for (const socket of open.splice(0)) socket.terminate();
  await eventually(() => innocent.undisturbed());
});
