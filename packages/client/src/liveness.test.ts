import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Liveness } from './liveness.ts';

let pings = 0;
let deaths = 0;
let liveness: Liveness;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  pings = 0;
  deaths = 0;
  liveness = new Liveness(
    () => {
      pings += 1;
    },
    () => {
      deaths += 1;
    },
  );
  liveness.start();
});

afterEach(() => mock.timers.reset());

test('a connection that brings something is not asked', () => {
  for (let i = 0; i < 20; i += 1) {
    mock.timers.tick(29_000);
    liveness.heard();
  }
  assert.deepEqual([pings, deaths], [0, 0]);
});

test('after 30 silent seconds it is asked, and an answer keeps it', () => {
  mock.timers.tick(29_999);
  assert.equal(pings, 0);
  mock.timers.tick(1);
  assert.equal(pings, 1);
  mock.timers.tick(9_999);
  liveness.heard();
  mock.timers.tick(29_999);
  assert.deepEqual([pings, deaths], [1, 0]);
  mock.timers.tick(1);
  assert.equal(pings, 2);
});

test('no answer within 10 seconds: dead, once', () => {
  mock.timers.tick(30_000);
  mock.timers.tick(10_000);
  mock.timers.tick(120_000);
  assert.deepEqual([pings, deaths], [1, 1]);
});

test('a probe asks at once, one at a time', () => {
  liveness.probe();
  liveness.probe();
  assert.equal(pings, 1);
  mock.timers.tick(10_000);
  assert.equal(deaths, 1);
});

test('a clock set back does not delay the question', () => {
  mock.timers.tick(1_000);
  mock.timers.setTime(0);
  mock.timers.tick(30_000);
  mock.timers.tick(30_000);
  assert.equal(pings, 1);
});

test('nothing happens after the stop', () => {
  liveness.stop();
  mock.timers.tick(120_000);
  assert.deepEqual([pings, deaths], [0, 0]);
});
