import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drained } from './drained.ts';
import { newSession } from './session.fixture.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

test('however many wait for one socket, they look at it by one pair of listeners', async (t) => {
  const warnings: string[] = [];
  const warn = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', warn);
  t.after(() => process.off('warning', warn));
  const { session, socket } = newSession('v1');
  socket.full = 100;
  let went = 0;
  const waiting = Array.from({ length: 32 }, async (_, i) => {
    await drained(session, i);
    went += 1;
  });
  await tick();
  assert.deepEqual([socket.listenerCount('drain'), socket.listenerCount('close')], [1, 1]);
  socket.full = 20;
  socket.emit('drain');
  await tick();
  assert.equal(went, 12, 'those whose mark is 20 or more');
  assert.equal(socket.listenerCount('drain'), 1);
  socket.destroyed = true;
  socket.emit('close');
  await Promise.all(waiting);
  assert.deepEqual([socket.listenerCount('drain'), socket.listenerCount('close')], [0, 0]);
  assert.deepEqual(warnings, [], 'nothing for the log of the operator');
});
