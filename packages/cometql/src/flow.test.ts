/** Commands in pieces, in bunches and in unreasonable amounts; peers that stop in the middle; the end of the process. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@encke/testing';
import {
  entered,
  fault,
  introduction,
  isOk,
  nativeProof,
  packet,
  ping,
  query,
  RawClient,
} from '@encke/testing/raw-mysql';
import { apiKey, startWire, type Wire, type WireOptions } from './wire-server.fixture.ts';

async function withWire(
  work: (wire: Wire) => Promise<void>,
  options: WireOptions = {},
): Promise<void> {
  const wire = await startWire(options);
  try {
    await work(wire);
  } finally {
    await wire.stop();
  }
}

const insert = (name: string) => query(`INSERT INTO users_messages WAIT ${name}`);
const okOf = async (client: RawClient) => assert.ok(isOk(await client.packet()));

test('byte by byte, from the introduction on', () =>
  withWire(async (wire) => {
    const client = new RawClient(wire.port);
    await client.greeted();
    const proof = nativeProof(apiKey, client.scramble);
    for (const byte of introduction(1, { proof })) client.socket.write(Buffer.from([byte]));
    await okOf(client);
    for (const byte of Buffer.concat([query('INSERT it'), ping]))
      client.socket.write(Buffer.from([byte]));
    await okOf(client);
    await okOf(client);
    client.destroy();
  }));

test('many commands in one segment: each has its answer, in order', () =>
  withWire(async (wire) => {
    const client = await entered(wire.port);
    const commands = Array.from({ length: 20_000 }, (_, i) =>
      i % 3 === 0 ? query(`FAIL ${i}`) : i % 3 === 1 ? query('INSERT x') : ping,
    );
    client.send(...commands);
    for (let i = 0; i < commands.length; i++) {
      const answer = await client.packet();
      assert.equal(answer.sequence, 1);
      assert.deepEqual(
        [...answer.payload.subarray(0, 3)],
        [
          [255, 12, 0],
          [0, 1, 7],
          [0, 0, 0],
        ][i % 3],
      );
    }
    client.destroy();
  }));

test('statements that add messages start together and in order; others wait for all before them', () =>
  withWire(async (wire) => {
    const client = await entered(wire.port);
    const start = wire.started.length;
    const started = () => wire.started.slice(start).map((statement) => statement.split('WAIT ')[1]);
    client.send(
      ...[insert('a'), query('replace `pipes_messages` VALUES WAIT b'), insert('c')],
      ...[
        ping,
        query('SELECT WAIT d'),
        insert('e'),
        insert('f'),
        query('INSERT users_auth WAIT g'),
      ],
    );
    await eventually(() => assert.deepEqual(started(), ['a', 'b', 'c']));
    wire.open('c');
    wire.open('b');
    wire.open('a');
    for (let i = 0; i < 4; i++) await okOf(client);
    await eventually(() => assert.deepEqual(started(), ['a', 'b', 'c', 'd']));
    wire.open('d');
    for (let i = 0; i < 6; i++) await client.packet();
    await eventually(() => assert.deepEqual(started(), ['a', 'b', 'c', 'd', 'e', 'f']));
    wire.open('f');
    wire.open('e');
    await okOf(client);
    await okOf(client);
    await eventually(() => assert.equal(started().at(-1), 'g'));
    wire.open('g');
    await okOf(client);
    client.destroy();
  }));

test('no more is started or read than fits', () =>
  withWire(async (wire) => {
    const client = await entered(wire.port);
    const start = wire.started.length;
    client.send(...Array.from({ length: 1_000 }, () => insert('all')));
    await eventually(() => assert.equal(wire.started.length - start, 256));
    const large = await entered(wire.port);
    const text = 'x'.repeat(400_000);
    large.send(...Array.from({ length: 20 }, () => insert(`all ${text}`)));
    await eventually(() => assert.equal(wire.started.length - start, 256 + 3));
    wire.open('all');
    for (let i = 0; i < 1_000; i++) await okOf(client);
    for (let i = 0; i < 20; i++) await okOf(large);
    client.destroy();
    large.destroy();
  }));

test('a statement over 16 MiB is refused, never held, and the connection works on', () =>
  withWire(async (wire) => {
    const client = await entered(wire.port);
    const full = packet(0, Buffer.alloc(0xffffff, 3));
    const before = process.memoryUsage().arrayBuffers;
    for (const rest of [Buffer.alloc(0), Buffer.alloc(5_000_000)]) {
      client.send(full, packet(1, rest), ping);
      const refused = await client.packet();
      assert.deepEqual(fault(refused).slice(0, 2), [1153, '08S01']);
      assert.equal(refused.sequence, 2);
      await okOf(client);
    }
    client.send(query(`INSERT ${'x'.repeat(16_777_214 - 8)}`));
    await okOf(client);
    assert.equal(wire.started.at(-1)?.length, 16_777_213);
    assert.ok(process.memoryUsage().arrayBuffers - before < 200_000_000);
    client.destroy();
  }));

test('garbage after the login: a clear error, and the end of this connection only', () =>
  withWire(async (wire) => {
    const innocent = await entered(wire.port);
    for (const [bytes, errno] of [
      [packet(5, [3], 'SELECT'), 1156],
      [packet(0), 1156],
      [packet(0, [0x17, 1]), 1835],
      [packet(0, [0x1b]), 1835],
      [packet(0, [0x11]), 1043],
    ] as const) {
      const client = await entered(wire.port);
      client.send(bytes);
      assert.equal(fault(await client.packet())[0], errno);
      await client.gone();
    }
    innocent.send(ping);
    await okOf(innocent);
    innocent.destroy();
  }));

test('a peer that dies in the middle of anything leaves nothing behind', () =>
  withWire(async (wire) => {
    const half = insert('never').subarray(0, 20);
    const deaths: ((client: RawClient) => void)[] = [
      (client) => client.destroy(),
      (client) => client.socket.resetAndDestroy(),
      (client) => client.socket.end(half),
      (client) => client.socket.end(packet(0, [1])),
      (client) => {
        client.send(half);
        client.socket.resetAndDestroy();
      },
      (client) => {
        client.send(insert('later'), query('BIG 1000000'), half);
        setImmediate(() => client.socket.resetAndDestroy());
      },
    ];
    for (const death of deaths) death(await entered(wire.port));
    await eventually(async () => assert.equal(await wire.metric('encke_cometql_connections{'), 0));
    wire.open('later');
    const next = await entered(wire.port);
    next.send(ping);
    await okOf(next);
    next.destroy();
  }));

test('who does not read its answers is waited for, then cut off; what it asked for is not carried out', () =>
  withWire(
    async (wire) => {
      const client = await entered(wire.port);
      client.socket.pause();
      const start = wire.started.length;
      for (let i = 0; i < 40; i++) client.send(query('BIG 4000000'));
      await eventually(() => assert.notEqual(wire.started.length, start));
      await eventually(async () =>
        assert.equal(await wire.metric('encke_cometql_connections{'), 0),
      );
      assert.ok(wire.started.length - start < 10, 'answers were piled up');
      client.destroy();
    },
    { patience: { stalled: 1_000 } },
  ));

test('who stops in the middle of a packet is cut off, who is idle is told so', () =>
  withWire(
    async (wire) => {
      const client = await entered(wire.port);
      client.send(ping.subarray(0, 3));
      assert.equal(fault(await client.packet())[0], 4031);
      await client.gone();
      const idle = await entered(wire.port);
      const told = await idle.packet();
      assert.equal(told.sequence, 0);
      assert.equal(fault(told)[0], 4031);
      await idle.gone();
    },
    { patience: { stalled: 500, idle: 1_000 } },
  ));

test('a drain finishes what runs, and begins nothing', async () => {
  const wire = await startWire();
  const busy = await entered(wire.port);
  const idle = await entered(wire.port);
  const stranger = new RawClient(wire.port);
  await stranger.greeted();
  busy.send(insert('last'));
  await eventually(() => assert.match(wire.started.at(-1) ?? '', /last/));
  const drained = wire.running.drain();
  assert.equal(wire.running.unready(), 'draining');
  await idle.gone();
  await stranger.gone();
  busy.send(query('INSERT never'));
  wire.open('last');
  await okOf(busy);
  await busy.gone();
  await drained;
  assert.match(wire.started.at(-1) ?? '', /last/);
  await wire.stop();
});

test('a drain waits until a large answer has been taken', async () => {
  const wire = await startWire();
  const slow = await entered(wire.port);
  slow.socket.pause();
  const start = wire.started.length;
  slow.send(query('BIG 30000000'));
  await eventually(() => assert.notEqual(wire.started.length, start));
  const drained = wire.running.drain();
  // Longer than a connection that is ended gets for its last words.
  await pause(1_500);
  slow.socket.resume();
  let bytes = 0;
  for (let one = await slow.next(); one; one = await slow.next()) bytes += one.payload.length;
  assert.equal(bytes > 30_000_000, true, `${bytes} bytes came`);
  await drained;
  await wire.stop();
});

test('a drain does not wait for ever for what does not end', async () => {
  const wire = await startWire({ env: { ENCKE_DRAIN_SECONDS: '0.2' } });
  const busy = await entered(wire.port);
  busy.send(insert('never'));
  await eventually(() => assert.match(wire.started.at(-1) ?? '', /never/));
  await wire.running.drain();
  await busy.gone();
  await wire.stop();
});

test('mutilated packets in any state: no crash, no hang, and others do not notice', async () => {
  const seed = Number(process.env.ENCKE_FUZZ_SEED ?? Date.now() % 2 ** 31);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const kinds = [
    query('SELECT 1'),
    packet(0, [0x16], 'SELECT ? ?'),
    packet(0, [0x17, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0xfd, 0, 12, 0, 2, 65, 66, 4, 1, 2, 3, 4]),
    packet(0, [0x18, 1, 0, 0, 0, 1, 0], 'piece'),
    packet(0, [0x19, 1, 0, 0, 0]),
    packet(0, [0x11], 'user\0', [20], Buffer.alloc(20), 'db\0', [45, 0], 'mysql_native_password\0'),
    packet(0, [0x04], 'table\0', '%'),
    ping,
  ];
  const mutilate = (bytes: Buffer): Buffer => {
    const broken = Buffer.from(bytes);
    for (let i = random(4); i > 0; i--) broken[random(broken.length)] = random(256);
    return random(4) === 0 ? broken.subarray(0, random(broken.length)) : broken;
  };
  await withWire(
    async (wire) => {
      const innocent = await entered(wire.port);
      for (let round = 0; round < 200; round++) {
        const client = random(4) ? await entered(wire.port) : new RawClient(wire.port);
        for (let i = 0; i < 1 + random(10); i++)
          client.send(mutilate(kinds[random(kinds.length)] ?? ping));
        if (random(2)) client.socket.end();
        innocent.send(ping);
        const answer = await innocent.packet();
        assert.ok(isOk(answer), `seed ${seed}, round ${round}`);
        if (random(3) === 0) client.destroy();
      }
      innocent.destroy();
      assert.equal(wire.lines.filter((line) => line.includes('"error"')).length, 0, `seed ${seed}`);
    },
    { patience: { stalled: 1_000, login: 5_000 } },
  );
});
