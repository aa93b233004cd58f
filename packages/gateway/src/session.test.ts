import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message, newSession, seqsOf } from './session.fixture.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));
const MINUTE = 60_000;

test('all that is delivered in one tick is one write, on the old wire with a ping that asks for the receipt', async () => {
  const { session, socket } = newSession('legacy');
  session.deliver(message(1), false);
  session.deliver(message(2), false);
  await tick();
  assert.equal(socket.written.length, 1);
  assert.deepEqual(socket.pings, ['2']);
  assert.equal(socket.texts.length, 1, 'the lines are joined in one text frame');
  assert.deepEqual(seqsOf(socket), [1, 2]);
});

test('on encke.v1 every message is a frame of its own and no ping goes along', async () => {
  const { session, socket } = newSession('v1');
  session.deliver(message(1), false);
  session.deliver(message(2), true);
  await tick();
  assert.equal(socket.written.length, 1);
  assert.deepEqual(socket.pings, []);
  assert.equal(socket.texts.length, 2);
});

test('one ping is in flight at a time, and its pong confirms what was sent before it only', async () => {
  const { session, socket } = newSession('legacy');
  session.deliver(message(1), false);
  await tick();
  session.deliver(message(2), false);
  await tick();
  assert.deepEqual(socket.pings, ['1']);
  session.pong('1');
  assert.equal(session.confirmed, 1);
  assert.deepEqual(socket.pings, ['1', '2'], 'the next ping follows at once');
  session.pong('2');
  assert.equal(session.confirmed, 2);
  assert.deepEqual(socket.pings, ['1', '2']);
});

test('the ping for what has gathered follows it, also when a pong comes in the same tick', async () => {
  const { session, socket } = newSession('legacy');
  session.deliver(message(1), false);
  await tick();
  session.deliver(message(2), false);
  session.pong('1');
  assert.deepEqual(socket.pings, ['1'], 'it would confirm what is not written yet');
  await tick();
  assert.deepEqual(seqsOf(socket), [1, 2]);
  assert.deepEqual(socket.pings, ['1', '2']);
});

test('nor does the ping that asks for a sign of life overtake a message', async () => {
  const { session, socket } = newSession('legacy');
  session.deliver(message(1), false);
  assert.ok(session.look(Date.now() + MINUTE) > 0);
  assert.deepEqual(seqsOf(socket), [1]);
  assert.deepEqual(socket.pings, ['1'], 'one for both');
  assert.equal(socket.written.length, 1);
  await tick();
  assert.equal(socket.written.length, 1);
});

test('a pong that nobody asked for confirms nothing', async () => {
  const { session } = newSession('legacy');
  session.pong('0');
  session.deliver(message(1), false);
  await tick();
  for (const payload of ['', '0', '2', '01', 'x']) session.pong(payload);
  assert.equal(session.confirmed, 0);
});

test('a pong on encke.v1 confirms nothing: the app acks', async () => {
  const { session, socket } = newSession('v1');
  session.deliver(message(1), false);
  await tick();
  session.look(Date.now() + MINUTE);
  assert.deepEqual(socket.pings, ['1']);
  session.pong('1');
  assert.equal(session.confirmed, 0);
});

test('the pong to a ping of the old epoch confirms nothing of the new one', async () => {
  const { session } = newSession('legacy');
  for (let seq = 1; seq <= 10; seq++) session.deliver(message(seq), false);
  await tick();
  // Redis came back empty: the inbox begins again.
  session.startAt('bbbbbbbbbb', 0);
  session.deliver(message(1, 'bbbbbbbbbb'), true);
  await tick();
  session.pong('10');
  assert.ok(session.confirmed <= session.sent, `confirmed ${session.confirmed} of ${session.sent}`);
  assert.equal(session.confirmed, 0, 'nobody has said that message 1 of the new epoch arrived');
});

test('and what is sent in the new epoch is asked for again', async () => {
  const { session, socket } = newSession('legacy');
  session.deliver(message(1), false);
  await tick();
  session.startAt('bbbbbbbbbb', 0);
  session.pong('1');
  session.deliver(message(1, 'bbbbbbbbbb'), true);
  await tick();
  assert.deepEqual(socket.pings, ['1', '1']);
  session.pong('1');
  assert.equal(session.confirmed, 1);
});

test('an idle session is pinged after the interval, and dropped without a pong', () => {
  const { session, socket, house } = newSession('v1');
  const now = Date.now() + house.pingInterval;
  assert.equal(session.look(now), house.pongTimeout);
  assert.deepEqual(socket.pings, ['0']);
  assert.equal(session.look(now + house.pongTimeout - 1), 1);
  assert.deepEqual(house.ended, []);
  assert.equal(session.look(now + house.pongTimeout), 0);
  assert.deepEqual(house.ended, ['silent']);
  assert.equal(session.look(now + MINUTE), 0);
});

test('a socket that says no hello is closed after 10 seconds', () => {
  const { session, house } = newSession('v1');
  session.state = 'opened';
  assert.ok(session.look(session.since + 9_999) > 0);
  assert.equal(session.look(session.since + 10_000), 0);
  assert.deepEqual(house.ended, ['helloTimeout']);
});

for (const state of ['live', 'anonymous', 'opened'] as const) {
  test(`a peer that asks and asks and does not read is cut: ${state}`, async () => {
    const { session, socket, house } = newSession('v1');
    session.state = state;
    socket.full = house.sendBuffer + 1;
    session.receive(Buffer.from('{"type":"ping"}'), false);
    await tick();
    assert.deepEqual(house.ended, ['slow']);
  });
}

test('a session that has ended writes nothing and ends once', async () => {
  const { session, socket, house } = newSession('v1');
  session.end('moved');
  session.end('internal');
  session.leave();
  session.deliver(message(1), false);
  await tick();
  assert.deepEqual(socket.written, []);
  assert.deepEqual(house.ended, ['moved']);
  assert.equal(house.gone.length, 1);
});

test('of bus messages that must wait, 128 are kept; with more, the inbox is read again', () => {
  const { session } = newSession('v1');
  for (let seq = 1; seq <= 128; seq++) session.hold(message(seq));
  assert.equal(session.readAgain, false);
  session.hold(message(129));
  assert.equal(session.readAgain, true);
  assert.equal(session.held?.length, 128);
});

test('[T4] a session looks when its token expires, and ends then; one that may still get a token looks soon', () => {
  const { session, house } = newSession('v1');
  const now = session.since;
  for (const state of ['opened', 'attaching'] as const) {
    session.state = state;
    assert.ok(session.look(now) <= 1_000, state);
  }
  session.state = 'live';
  session.token = { digest: 'd', expires: Date.now() + 5_000 };
  const wait = session.look(now);
  assert.ok(wait > 0 && wait <= 5_000, `${wait} ms`);
  assert.deepEqual(house.ended, []);
  session.token = { digest: 'd', expires: Date.now() - 1 };
  assert.equal(session.look(now), 0);
  assert.deepEqual(house.ended, ['refresh']);
});
