import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Emitter } from './emitter.ts';

interface Events {
  tick: number;
}

test('handlers run in order; the same one twice runs twice and leaves one by one', () => {
  const emitter = new Emitter<Events>();
  const seen: string[] = [];
  const twice = (n: number) => seen.push(`twice ${n}`);
  emitter.on('tick', (n) => seen.push(`first ${n}`));
  const leave = emitter.on('tick', twice);
  emitter.on('tick', twice);
  emitter.emit('tick', 1);
  leave();
  leave();
  emitter.emit('tick', 2);
  assert.deepEqual(seen, ['first 1', 'twice 1', 'twice 1', 'first 2', 'twice 2']);
});

test('a handler removed by an earlier one stays silent, one added by it waits for the next time', () => {
  const emitter = new Emitter<Events>();
  const seen: string[] = [];
  emitter.on('tick', () => {
    leave();
    if (seen.length === 0) emitter.on('tick', (n) => seen.push(`added ${n}`));
    seen.push('first');
  });
  const leave = emitter.on('tick', () => seen.push('removed'));
  emitter.emit('tick', 1);
  emitter.emit('tick', 2);
  assert.deepEqual(seen, ['first', 'first', 'added 2']);
});

test('a handler that throws or rejects is reported and does not stop the others', async () => {
  const logged = mock.method(console, 'error', () => {});
  const emitter = new Emitter<Events>();
  const seen: number[] = [];
  emitter.on('tick', () => {
    throw new Error('thrown');
  });
  emitter.on('tick', async () => {
    throw new Error('rejected');
  });
  emitter.on('tick', (n) => seen.push(n));
  emitter.emit('tick', 7);
  await new Promise(setImmediate);
  assert.deepEqual(seen, [7]);
  assert.deepEqual(
    logged.mock.calls.map((call) => String(call.arguments[0])),
    ['Error: thrown', 'Error: rejected'],
  );
  logged.mock.restore();
});
