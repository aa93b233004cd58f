import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Receipts } from './receipts.ts';

let sent: number[] = [];
let receipts: Receipts<number>;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000 });
  sent = [];
  receipts = new Receipts((seq) => sent.push(seq));
});

afterEach(() => mock.timers.reset());

test('the first goes at once, those of the next 200 ms as one', () => {
  for (let seq = 1; seq <= 100; seq += 1) receipts.add(seq);
  assert.deepEqual(sent, [1]);
  mock.timers.tick(200);
  assert.deepEqual(sent, [1, 100]);
  mock.timers.tick(1_000);
  assert.deepEqual(sent, [1, 100]);
});

test('a flush sends what waits, and nothing twice', () => {
  receipts.add(1);
  receipts.add(2);
  receipts.flush();
  receipts.flush();
  mock.timers.tick(200);
  assert.deepEqual(sent, [1, 2]);
});

test('what belongs to a lost socket or epoch is forgotten', () => {
  receipts.add(1);
  receipts.add(500);
  receipts.forget();
  mock.timers.tick(200);
  receipts.add(2);
  assert.deepEqual(sent, [1, 2]);
});
