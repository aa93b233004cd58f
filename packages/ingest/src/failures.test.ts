import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RedisUnavailable } from '@encke/cluster';
import { createLog } from '@encke/service';
import { Failures } from './failures.ts';

function recorded() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('test', 'info', {
    write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>),
  });
  return { failures: new Failures(log), lines };
}

test('what is known about a message is said, and in a field of its own', () => {
  const { failures } = recorded();
  const cases: readonly ['no' | 'unknown', 'message' | 'call', string][] = [
    ['no', 'message', 'Redis is away: nothing was stored'],
    ['no', 'call', 'Redis is away: nothing was stored'],
    [
      'unknown',
      'message',
      'Redis is away: it is not known whether it was stored; repeat with the same idempotencyKey',
    ],
    [
      'unknown',
      'call',
      'Redis is away: it is not known whether it was carried out; repeat the call',
    ],
  ];
  for (const [stored, what, detail] of cases) {
    const problem = failures.problem(new RedisUnavailable(stored, 'test'), what);
    assert.deepEqual([problem.status, problem.stored, problem.detail], [503, stored, detail]);
  }
});

test('an outage is one log line however many messages it refuses', () => {
  const { failures, lines } = recorded();
  for (let i = 0; i < 1_000; i += 1) failures.problem(new RedisUnavailable('no', 'OOM'), 'message');
  assert.equal(lines.length, 1);
  // Redis may be there, and refuse: it is full, or a replica.
  assert.equal(lines[0]?.why, 'Redis is away: OOM');
});

test('a fault of ours is logged with its ids and answered without its words', () => {
  const { failures, lines } = recorded();
  const problem = failures.problem(new Error('inner secret'), 'call', { app: 1, user: 7 });
  assert.equal(problem.status, 500);
  assert.doesNotMatch(JSON.stringify(problem), /secret/);
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.user, 7);
});
