import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketReader } from './packet-reader.ts';

function packet(sequence: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

/** What a reader makes of these bytes when they come in these pieces. */
function read(reader: PacketReader, pieces: Iterable<Buffer>): string[] {
  const seen: string[] = [];
  for (const piece of pieces) {
    reader.push(Buffer.from(piece));
    for (let one = reader.next(); one; one = reader.next())
      seen.push(`${one.sequence}:${one.oversized ? 'oversized' : one.payload.toString('latin1')}`);
  }
  return seen;
}

function* cut(bytes: Buffer, size: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + size();
    yield bytes.subarray(at, end);
    at = end;
  }
}

const trusting = (limit: number): PacketReader => {
  const reader = new PacketReader(limit);
  reader.trust(limit);
  return reader;
};

test('packets in pieces of every size', () => {
  const words = ['', 'a', 'some words', 'x'.repeat(300), '', 'end'];
  const bytes = Buffer.concat(words.map((word, i) => packet(i, Buffer.from(word))));
  const whole = words.map((word, i) => `${i}:${word}`);
  for (let size = 1; size <= bytes.length; size++)
    assert.deepEqual(
      read(
        trusting(300),
        cut(bytes, () => size),
      ),
      whole,
    );
});

test('an oversized packet is passed over, whatever pieces and continuations it comes in', () => {
  const full = Buffer.alloc(0xffffff, 'x');
  const bytes = Buffer.concat([
    packet(0, Buffer.from('before')),
    packet(0, full),
    packet(1, full),
    packet(2, Buffer.alloc(0)),
    packet(0, Buffer.from('between')),
    packet(0, Buffer.alloc(0xfffffe)),
    packet(0, Buffer.alloc(21)),
    packet(0, Buffer.from('after')),
  ]);
  const expected = [
    '0:before',
    '2:oversized',
    '0:between',
    '0:oversized',
    '0:oversized',
    '0:after',
  ];
  for (const size of [65_536, 1_000_003, bytes.length]) {
    const reader = trusting(20);
    let most = 0;
    const pieces = cut(bytes, () => {
      most = Math.max(most, reader.held);
      return size;
    });
    assert.deepEqual(read(reader, pieces), expected);
    assert.ok(most < 100, `${most} bytes were held`);
    assert.equal(reader.partial, false);
  }
});

test('from a stranger, an oversized packet is known by its head', () => {
  const reader = new PacketReader(100);
  reader.push(Buffer.from('GET '));
  assert.equal(reader.next()?.oversized, true);
});

test('what a head promises takes no memory', () => {
  const reader = trusting(0xfffffe);
  reader.push(Buffer.from([0xfe, 0xff, 0xff, 0]));
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1_000; i++) {
    reader.push(Buffer.from([i]));
    assert.equal(reader.next(), undefined);
  }
  assert.equal(reader.held, 1_004);
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
});

test('what was given out stays as it is when more arrives', () => {
  const reader = trusting(100);
  reader.push(Buffer.concat([packet(0, Buffer.from('first')), Buffer.from([6, 0, 0])]));
  const first = reader.next();
  for (const byte of [0, ...Buffer.from('second')]) reader.push(Buffer.from([byte]));
  assert.equal(reader.next()?.payload.toString(), 'second');
  assert.equal(first?.payload.toString(), 'first');
});

test('random packets in random pieces', () => {
  const seed = Date.now() % 2 ** 31;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  for (let round = 0; round < 300; round++) {
    const limit = 1 + random(200);
    const packets = Array.from({ length: random(30) }, () =>
      Buffer.alloc(random(260), random(256)),
    );
    const bytes = Buffer.concat(packets.map((payload, i) => packet(i, payload)));
    const expected = packets.map((payload, i) =>
      payload.length > limit ? `${i}:oversized` : `${i}:${payload.toString('latin1')}`,
    );
    const pieces = cut(bytes, () => 1 + random(random(2) ? 5 : 500));
    assert.deepEqual(read(trusting(limit), pieces), expected, `seed ${seed}, round ${round}`);
  }
});
