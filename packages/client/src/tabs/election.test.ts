import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Election } from './election.ts';
import { installLocks, MemoryLocks, until } from './web-locks.fixture.ts';

let locks: MemoryLocks;
let restore: () => void;
const elections: Election[] = [];

beforeEach(() => {
  locks = new MemoryLocks();
  restore = installLocks(locks);
});
afterEach(() => {
  for (const election of elections.splice(0)) election.stop();
  restore();
});

/** A tab, and whether it holds the lock now. */
async function candidate(tab: string, stopWhenDeposed = false) {
  const it = { holds: false, elected: 0, deposed: 0 };
  const election = new Election('lock', {
    elected: () => {
      it.holds = true;
      it.elected += 1;
    },
    deposed: () => {
      it.holds = false;
      it.deposed += 1;
      if (stopWhenDeposed) election.stop();
    },
  });
  elections.push(election);
  await election.stand(tab);
  return Object.assign(it, { election });
}

test('one holds; when it stops the next one does, and nothing of it stays locked', async () => {
  const a = await candidate('a');
  const b = await candidate('b');
  await until(() => assert.ok(a.holds));
  assert.equal(b.holds, false);
  assert.deepEqual(await b.election.tabs(), ['a', 'b']);
  a.election.stop();
  await until(() => assert.ok(b.holds));
  assert.equal(a.deposed, 0);
  b.election.stop();
  await until(() => assert.deepEqual(locks.names, []));
});

test('a lock that is stolen deposes its holder, which gets it again when the thief is gone', async () => {
  const a = await candidate('a');
  await until(() => assert.ok(a.holds));
  const b = await candidate('b');
  b.election.steal();
  await until(() => assert.ok(b.holds && !a.holds));
  b.election.stop();
  await until(() => assert.equal(a.elected, 2));
  assert.equal(locks.waiting('lock'), 0);
});

test('stopped before its own lock is granted, as by a page that makes a client twice, it does not stand', async () => {
  const early = candidate('early').catch(() => {});
  elections[0]?.stop();
  const a = await candidate('a');
  await until(() => assert.ok(a.holds));
  await early;
  assert.deepEqual(await a.election.tabs(), ['a']);
});

test('stopped when it is deposed, it does not stand again', async () => {
  const a = await candidate('a', true);
  await until(() => assert.ok(a.holds));
  const b = await candidate('b');
  b.election.steal();
  await until(() => assert.ok(b.holds && a.deposed === 1));
  assert.equal(locks.waiting('lock'), 0);
});

test('two that steal at once: the later one holds, and only that', async () => {
  const a = await candidate('a');
  await until(() => assert.ok(a.holds));
  const [b, c] = [await candidate('b'), await candidate('c')];
  b.election.steal();
  c.election.steal();
  await until(() => assert.ok(c.holds && !a.holds && !b.holds));
  c.election.stop();
  await until(() => assert.ok(a.holds || b.holds));
  assert.equal(a.holds && b.holds, false);
});

test('the end of a tab is told once, however often it was asked to be', async () => {
  const a = await candidate('a');
  const b = await candidate('b');
  let gone = 0;
  for (let i = 0; i < 10; i += 1)
    a.election.watch('b', () => {
      gone += 1;
    });
  assert.equal(locks.waiting('lock b'), 1);
  b.election.stop();
  await until(() => assert.equal(gone, 1));
});
