import assert from 'node:assert/strict';
import type { Writable } from 'node:stream';
import { test } from 'node:test';
import * as ws from 'ws';
import { frames, writeFrames } from './frame.ts';
import { TestSocket } from './session.fixture.ts';

// The types of `ws` leave it out.
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; skipUTF8Validation: boolean }) => Writable;
};

interface Heard {
  readonly kind: 'text' | 'ping';
  readonly data: Buffer;
}

/** What a WebSocket client makes of these bytes; they come in chunks of `size`. */
async function hear(bytes: Buffer, size = bytes.length): Promise<Heard[]> {
  const heard: Heard[] = [];
  const receiver = new Receiver({ isServer: false, skipUTF8Validation: false });
  receiver.on('message', (data: Buffer, binary: boolean) => {
    assert.equal(binary, false);
    heard.push({ kind: 'text', data });
  });
  receiver.on('ping', (data: Buffer) => heard.push({ kind: 'ping', data }));
  for (let at = 0; at < bytes.length; at += size) receiver.write(bytes.subarray(at, at + size));
  await new Promise((resolve) => receiver.end(resolve));
  return heard;
}

/** The length as the head of a frame says it: in the second byte, in two more, or in eight more. */
const heads: [length: number, head: number[]][] = [
  [0, [0x81, 0]],
  [1, [0x81, 1]],
  [125, [0x81, 125]],
  [126, [0x81, 126, 0, 126]],
  [65_535, [0x81, 126, 255, 255]],
  [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  [262_144, [0x81, 127, 0, 0, 0, 0, 0, 4, 0, 0]],
];

for (const [length, head] of heads) {
  test(`a text of ${length} bytes`, async () => {
    const text = 'x'.repeat(length);
    const bytes = frames([text], '');
    assert.deepEqual([...bytes.subarray(0, head.length)], head);
    assert.equal(bytes.length, head.length + length);
    assert.deepEqual(await hear(bytes), [{ kind: 'text', data: Buffer.from(text) }]);
  });
}

for (const [name, text] of [
  ['two bytes a character', 'ä'.repeat(63)],
  ['three bytes a character', '€'.repeat(42)],
  ['four bytes a character', '😀'.repeat(32)],
  ['half a surrogate pair, which is sent as U+FFFD', `a${String.fromCharCode(0xd83d)}b`],
] as const) {
  test(`lengths are counted in bytes: ${name}`, async () => {
    const [heard] = await hear(frames([text], ''));
    assert.deepEqual(heard?.data, Buffer.from(text, 'utf8'));
  });
}

test('several texts and a ping are several frames in one buffer', async () => {
  const texts = ['', 'a', 'ä'.repeat(70), 'x'.repeat(70_000)];
  const expected = [
    ...texts.map((text) => ({ kind: 'text', data: Buffer.from(text) })),
    { kind: 'ping', data: Buffer.from('9007199254740991') },
  ];
  const bytes = frames(texts, '9007199254740991');
  assert.deepEqual(await hear(bytes), expected);
  assert.deepEqual(await hear(bytes, 7), expected, 'cut anywhere');
});

test('what is written is the same, as a string or as a buffer', () => {
  const all = [
    ...heads.map(([length]) => 'x'.repeat(length)),
    ...['\x00\x7f', 'ä', '\x80', 'ÿ'.repeat(126), '€', '😀'],
  ];
  for (const text of all) {
    for (const texts of [[text], ['{"a":1}', text], ['x'.repeat(16_000), text]]) {
      for (const ping of ['', '42']) {
        const socket = new TestSocket();
        writeFrames(socket as unknown as Writable, texts, ping);
        assert.equal(socket.written.length, 1, 'one write');
        assert.deepEqual(socket.written[0], frames(texts, ping));
      }
    }
  }
});

test('a ping alone', async () => {
  const bytes = frames([], '42');
  assert.deepEqual([...bytes], [0x89, 2, 0x34, 0x32]);
});

test('nothing to write is an empty buffer', () => {
  assert.equal(frames([], '').length, 0);
});
