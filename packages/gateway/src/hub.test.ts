import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hub } from './hub.ts';
import { message, newSession, seqsOf, TestHouse } from './session.fixture.ts';
import type { Session } from './session.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

function newHub() {
  const behind: Session[] = [];
  const crowded: Session[] = [];
  const strays: string[] = [];
  const hub = new Hub({
    behind: (session) => {
      behind.push(session);
      session.state = 'syncing';
    },
    crowded: (session) => {
      crowded.push(session);
      session.state = 'syncing';
    },
    stray: (target) => strays.push(target),
    busUp: () => {},
    busDown: () => {},
    busLag: () => {},
    channels: () => assert.fail('no channel was named'),
  });
  const join = (wire: 'v1' | 'legacy' = 'v1', house = new TestHouse()) => {
    const joined = newSession(wire, house);
    hub.add(joined.session);
    return joined;
  };
  return { hub, behind, crowded, strays, join };
}

test('the next message goes to every session of the user', async () => {
  const { hub, join, behind } = newHub();
  const one = join();
  const other = join('legacy');
  hub.message(message(1));
  hub.message(message(2));
  await tick();
  assert.deepEqual(
    [seqsOf(one.socket), seqsOf(other.socket)],
    [
      [1, 2],
      [1, 2],
    ],
  );
  assert.deepEqual(behind, []);
});

test('[D2] a seq that skips is not delivered: the inbox is read', async () => {
  const { hub, join, behind } = newHub();
  const { session, socket } = join();
  hub.message(message(2));
  await tick();
  assert.deepEqual(seqsOf(socket), []);
  assert.deepEqual(behind, [session]);
});

test('[V11] a burst of more than half the send buffer waits in the inbox, and ends nobody', async () => {
  const { hub, join, crowded } = newHub();
  const { session, socket, house } = join();
  for (let seq = 1; seq <= 100; seq++) hub.message(message(seq));
  await tick();
  const seqs = seqsOf(socket);
  assert.ok(seqs.length > 2 && seqs.length < 20, `${seqs.length} went at once`);
  assert.deepEqual(crowded, [session]);
  assert.deepEqual(house.ended, []);
  session.state = 'live';
  hub.message(message(session.sent + 1));
  assert.equal(crowded.length, 1, 'what has been written does not count any more');
  socket.full = house.sendBuffer / 2 + 1;
  hub.message(message(session.sent + 1));
  assert.equal(crowded.length, 2, 'what waits in the socket does');
});

test('only the session that is behind reads, the other goes on', async () => {
  const { hub, join, behind } = newHub();
  const late = join();
  const current = join();
  current.session.startAt('aaaaaaaaaa', 4);
  hub.message(message(5));
  await tick();
  assert.deepEqual(behind, [late.session]);
  assert.deepEqual(seqsOf(current.socket), [5]);
});

test('a message that was sent already is dropped', async () => {
  const { hub, join, behind } = newHub();
  const { socket } = join();
  hub.message(message(1));
  hub.message(message(1));
  await tick();
  assert.deepEqual(seqsOf(socket), [1]);
  assert.deepEqual(behind, []);
});

test('a number that is used a second time, later, is not taken for a copy: Redis lost the first', () => {
  const { hub, join, behind } = newHub();
  const { session } = join();
  hub.message(message(1, 'aaaaaaaaaa', 1_000));
  hub.message(message(1, 'aaaaaaaaaa', 2_000));
  assert.deepEqual(behind, [session]);
  assert.equal(session.contradicted, true, 'it registers again, and reads from before that number');
});

test('another epoch is never delivered from the bus: the inbox is read', async () => {
  const { hub, join, behind } = newHub();
  const { session, socket } = join();
  hub.message(message(1, 'bbbbbbbbbb'));
  await tick();
  assert.deepEqual(seqsOf(socket), []);
  assert.deepEqual(behind, [session]);
});

for (const state of ['attaching', 'syncing'] as const) {
  test(`[D4] a message for a session that is ${state} is held`, async () => {
    const { hub, join } = newHub();
    const { session, socket } = join();
    session.state = state;
    hub.message(message(1));
    await tick();
    assert.deepEqual(seqsOf(socket), []);
    assert.deepEqual(
      session.held?.map(({ seq }) => seq),
      [1],
    );
  });
}

test('[D4] a session that is not let in keeps nothing of what was held', () => {
  const { hub, join } = newHub();
  const { session } = join();
  session.state = 'attaching';
  hub.message(message(1));
  hub.remove(session);
  assert.equal(session.held, undefined);
});

test('a message for a user without a session here tells that Redis is mistaken', () => {
  const { hub, strays } = newHub();
  hub.message(message(1));
  assert.deepEqual(strays, ['1:7']);
});

test('an evicted session is ended, and its gateway tells Redis that it has gone', () => {
  const { hub, join } = newHub();
  const { session, house } = join();
  const other = join();
  session.registered = true;
  hub.evicted('1:7', session.id);
  assert.deepEqual(house.ended, ['replaced']);
  assert.equal(session.registered, true);
  assert.equal(other.session.ended, false);
});

test('an eviction of a session that is gone, or of an unknown user, does nothing', () => {
  const { hub, join } = newHub();
  const { session } = join();
  hub.remove(session);
  hub.evicted('1:7', session.id);
  hub.evicted('1:8', session.id);
  assert.equal(session.ended, false);
});

test('a close ends all sessions of the user, although each leaves the map at once', () => {
  const { hub, join } = newHub();
  const house = new TestHouse();
  house.left = (session) => hub.remove(session);
  const sessions = [join('v1', house), join('legacy', house), join('v1', house)];
  hub.close('1:7', 'signedOut');
  assert.deepEqual(
    sessions.map(({ session }) => session.ended),
    [true, true, true],
  );
  assert.deepEqual(hub.held('1:7'), []);
  hub.close('1:7', 'signedOut');
});

test('removing a session twice removes no other', () => {
  const { hub, join } = newHub();
  const one = join();
  const other = join();
  hub.remove(one.session);
  hub.remove(one.session);
  assert.deepEqual(hub.held('1:7'), [other.session.id]);
});
