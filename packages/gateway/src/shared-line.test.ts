import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSession } from './session.fixture.ts';
import { SharedLine } from './shared-line.ts';

const tick = () => new Promise((resolve) => setImmediate(resolve));

function counted(text: string) {
  const encoded: number[] = [];
  const line = new SharedLine((wire) => {
    encoded.push(wire.form);
    return `{"line":"${text}","form":${wire.form}}`;
  });
  return { line, encoded };
}

test('a line is encoded once for each wire, and its bytes are shared by all sockets', async () => {
  const { line, encoded } = counted('a');
  const all = [newSession('v1'), newSession('v1'), newSession('legacy'), newSession('legacy')];
  for (const { session } of all) session.share(line);
  await tick();
  const [a, b, c, d] = all.map(({ socket }) => socket.written[0]);
  assert.deepEqual(encoded, [0, 1]);
  assert.ok(a && c && a === b && c === d && a !== c);
  assert.deepEqual(all[0]?.socket.texts, ['{"line":"a","form":0}']);
});

test('[L14] the lines of a tick are one write: frames on v1, one frame on the old wire', async () => {
  const lines = ['a', 'b', 'c'].map((text) => counted(text).line);
  const all = [newSession('v1'), newSession('v1'), newSession('legacy'), newSession('legacy')];
  for (const line of lines) for (const { session } of all) session.share(line);
  await tick();
  assert.deepEqual(
    all.map(({ socket }) => [socket.written.length, socket.texts.length]),
    [
      [1, 3],
      [1, 3],
      [1, 1],
      [1, 1],
    ],
  );
  assert.equal(all[0]?.socket.written[0], all[1]?.socket.written[0]);
  assert.equal(all[2]?.socket.written[0], all[3]?.socket.written[0]);
  const [text = ''] = all[2]?.socket.texts ?? [];
  assert.deepEqual(
    text.split('\n').map((one) => JSON.parse(one).line),
    ['a', 'b', 'c'],
  );
});

test('shared lines and own lines keep their order', async () => {
  for (const wire of ['v1', 'legacy'] as const) {
    const { session, socket } = newSession(wire);
    session.push('{"line":"1"}');
    for (const text of ['2', '3']) session.share(counted(text).line);
    session.push('{"line":"4"}');
    session.share(counted('5').line);
    await tick();
    const found = socket.texts.flatMap((text) => text.split('\n'));
    assert.deepEqual(
      found.map((one) => JSON.parse(one).line),
      ['1', '2', '3', '4', '5'],
    );
    assert.equal(socket.written.length, 1);
  }
});

test('sockets that get different lines do not mix them', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => counted(text).line);
  const [one, other] = [newSession('v1'), newSession('v1')];
  assert.ok(a && b && c);
  one.session.share(a);
  other.session.share(a);
  other.session.share(b);
  one.session.share(c);
  other.session.share(c);
  await tick();
  const lines = (texts: string[]) => texts.map((text) => JSON.parse(text).line);
  assert.deepEqual(lines(one.socket.texts), ['a', 'c']);
  assert.deepEqual(lines(other.socket.texts), ['a', 'b', 'c']);
});

test('a wire that has no word for it is sent nothing', async () => {
  const line = new SharedLine(() => undefined);
  const { session, socket } = newSession('legacy');
  session.share(line);
  await tick();
  assert.deepEqual(socket.written, []);
});

test('[N12] what was missed may wait beyond the send buffer, until the socket is empty', async () => {
  const { session, socket, house } = newSession('v1');
  const send = async () => {
    session.share(counted('x').line);
    await tick();
  };
  session.allow(1_000);
  socket.full = 6_000;
  await send();
  assert.deepEqual(house.ended, []);
  socket.full = 0;
  await send();
  socket.full = 1_001;
  await send();
  assert.deepEqual(house.ended, ['slow']);
});

/** A session, and what shares a line with it of which so many bytes stay in its socket. */
function newReader() {
  const { session, socket, house } = newSession('v1');
  const send = async (bytes: number) => {
    socket.taking = bytes;
    session.share(counted('x').line);
    await tick();
  };
  return { session, socket, house, send };
}

test('[N12] nor longer where a write is never done at once, as with TLS', async () => {
  const { session, socket, house, send } = newReader();
  for (let i = 0; i < 3; i += 1) {
    session.allow(1_000);
    await send(100);
    socket.full = 0;
  }
  session.allow(1_000);
  await send(100);
  await send(7_024);
  assert.deepEqual(house.ended, []);
  await send(1_000);
  assert.deepEqual(house.ended, ['slow']);
});

test('[N12] a burst beyond the send buffer may wait in the socket of a peer that had read everything', async () => {
  const { house, send } = newReader();
  await send(5_000);
  await send(1_000);
  assert.deepEqual(house.ended, []);
  await send(1);
  assert.deepEqual(house.ended, ['slow']);
});
