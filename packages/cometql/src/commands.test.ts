/** Every command of the wire, with its answer and its faults. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@encke/testing';
import {
  entered,
  fault,
  flags,
  isOk,
  packet,
  ping,
  query,
  type RawClient,
  type RawPacket,
} from '@encke/testing/raw-mysql';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { loose, SqlFault } from './outcome.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { answer } from './wire/answer.ts';
import { capability } from './wire/constants.ts';
import { Fields } from './wire/fields.ts';
import { readParameters } from './wire/parameters.ts';
import { apiKey, startWire, type Wire } from './wire-server.fixture.ts';

let wire: Wire;
let client: RawClient;

before(async () => {
  wire = await startWire();
  client = await entered(wire.port, { database: 'CometQL_v1' });
});
after(async () => {
  client.destroy();
  await wire.stop();
});

async function ask(bytes: Buffer, from = client): Promise<RawPacket> {
  from.send(bytes);
  return from.packet();
}

/** The packets of an answer with rows: column count, columns, EOF, rows, EOF. */
async function packets(count: number, from = client): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const { sequence, payload } = await from.packet();
    assert.equal(sequence, i + 1);
    all.push(payload);
  }
  return all;
}

const ok = (affected: number, insertId: number) => [0, affected, insertId, 2, 0, 0, 0];
const eof = [0xfe, 0, 0, 2, 0];
/** A text column of 255 characters. */
const column = (table: string, schema: string, name: string, flag: number) => [
  ...[3, ...Buffer.from('def'), schema.length, ...Buffer.from(schema)],
  ...[table.length, ...Buffer.from(table), table.length, ...Buffer.from(table)],
  ...[name.length, ...Buffer.from(name), name.length, ...Buffer.from(name)],
  ...[0x0c, 45, 0, 0xfc, 0x03, 0, 0, 0xfd, flag, 0, 0, 0, 0],
];
const columns = [[2], column('', '', 'text', 0), column('t', 'd', 'nothing', 3)];
const row = (text: string) => [text.length, ...Buffer.from(text), 0xfb];

test('COM_QUERY: an OK, rows, an error', async () => {
  const inserted = await ask(query('INSERT x'));
  assert.equal(inserted.sequence, 1);
  assert.deepEqual([...inserted.payload], ok(1, 7));
  client.send(query('SELECT é'));
  assert.deepEqual(
    (await packets(6)).map((bytes) => [...bytes]),
    [...columns, eof, [13, ...Buffer.from('["SELECT é"]'), 0xfb], eof],
  );
  assert.deepEqual(fault(await ask(query('FAIL'))), [12, 'HY000', 'field `hash` is required']);
});

test('a client that deprecates EOF gets none, and an OK after the last row', async () => {
  const modern = await entered(wire.port, { capabilities: flags | capability.deprecateEof });
  modern.send(query('SHOW x'));
  assert.deepEqual(
    (await packets(5, modern)).map((bytes) => [...bytes]),
    [...columns, row(''), [0xfe, 0, 0, 2, 0, 0, 0]],
  );
  modern.destroy();
});

test('a column has the names that the statement gives, and its own', () => {
  const origin = { table: 't', name: 'id' };
  const renamed = { ...loose('n'), table: 'u', schema: 'd', origin };
  const outcome = { kind: 'rows', columns: [renamed], rows: [] } as const;
  const names = '\x03def\x01d\x01u\x01t\x01n\x02id\x0c';
  assert.ok(answer(1, outcome, { capabilities: 0 }).includes(names));
});

test('COM_PING, COM_INIT_DB, COM_RESET_CONNECTION, COM_STATISTICS', async () => {
  assert.deepEqual([...(await ask(ping)).payload], ok(0, 0));
  assert.ok(isOk(await ask(packet(0, [2], 'CometQL_v1'))));
  assert.deepEqual(fault(await ask(packet(0, [2], 'x`y'))).slice(0, 2), [1049, '42000']);
  assert.equal(wire.started.at(-1), 'USE `x``y`');
  assert.ok(isOk(await ask(packet(0, [0x1f]))));
  assert.match((await ask(packet(0, [9]))).payload.toString(), /^Uptime: \d+ {2}Threads: 1$/);
});

test('COM_FIELD_LIST: columns with a default, or an error', async () => {
  client.send(packet(0, [4], 'users_auth\0', '%'));
  const [first, second, last] = await packets(3);
  assert.equal(first?.at(-1), 0xfb);
  assert.equal(second?.at(-1), 0xfb);
  assert.deepEqual([...(last ?? [])], eof);
  assert.equal(fault(await ask(packet(0, [4], 'unknown\0')))[0], 15);
});

test('COM_PROCESS_INFO, COM_PROCESS_KILL, COM_STMT_FETCH and what is unknown', async () => {
  client.send(packet(0, [0x0a]));
  await packets(6);
  assert.equal(wire.started.at(-1), 'SHOW PROCESSLIST');
  assert.equal(fault(await ask(packet(0, [0x0c], Buffer.alloc(4))))[0], 1235);
  assert.equal(fault(await ask(packet(0, [0x1c], Buffer.alloc(8))))[0], 1421);
  for (const code of [0x00, 0x05, 0x08, 0x12, 0x20, 0xff])
    assert.deepEqual(fault(await ask(packet(0, [code]))), [1047, '08S01', 'Unknown command']);
  assert.ok(isOk(await ask(ping)));
});

test('COM_SET_OPTION and several statements in one packet', async () => {
  const both = 'INSERT a; SHOW b;  -- no; more';
  assert.equal((await ask(query('INSERT a; INSERT b'))).payload.readUInt16LE(3), 2);
  assert.equal(wire.started.at(-1), 'INSERT a; INSERT b');
  assert.deepEqual([...(await ask(packet(0, [0x1b, 0, 0]))).payload], eof);
  client.send(query(both));
  const answers = await packets(7);
  assert.deepEqual([...(answers[0] ?? [])], [0, 1, 7, 2 | 8, 0, 0, 0]);
  assert.deepEqual([...(answers.at(-1) ?? [])], eof);
  assert.deepEqual(wire.started.slice(-2), ['INSERT a', ' SHOW b']);
  client.send(query("INSERT ';'; FAIL; INSERT never"));
  const [first, second] = [await client.packet(), await client.packet()];
  assert.equal(first.payload.readUInt16LE(3), 2 | 8);
  assert.equal(second.sequence, 2);
  assert.equal(fault(second)[0], 12);
  assert.deepEqual(wire.started.slice(-2), ["INSERT ';'", ' FAIL']);
  await ask(packet(0, [0x1b, 1, 0]));
  assert.equal(fault(await ask(packet(0, [0x1b, 2, 0])))[0], 1047);
});

test('several statements in one packet: their number and their answers together are bounded', async () => {
  const options = { host: '127.0.0.1', port: wire.port, user: '1', password: apiKey };
  const greedy = await createConnection({ ...options, multipleStatements: true });
  const start = wire.started.length;
  await assert.rejects(greedy.query('BIG 40000000;'.repeat(4)), { errno: 1104 });
  assert.equal(wire.started.length - start, 2);
  await assert.rejects(greedy.query('INSERT x;'.repeat(70_000)), { errno: 1235 });
  assert.equal(wire.started.length - start, 2);
  await greedy.ping();
  await greedy.end();
});

test('several statements in one packet: others are not kept waiting', async () => {
  const busy = await entered(wire.port, { capabilities: flags | capability.multiStatements });
  const statements = 30_000;
  const start = wire.started.length;
  busy.send(query('INSERT x;'.repeat(statements)));
  await eventually(() => assert.notEqual(wire.started.length, start));
  assert.ok(isOk(await ask(ping)));
  assert.ok(wire.started.length - start < statements, 'all of them came first');
  for (let i = 0; i < statements; i++) assert.ok(isOk(await busy.packet()));
  busy.destroy();
});

const prepare = (statement: string) => packet(0, [0x16], statement);
const id = ({ payload }: RawPacket): number[] => [...payload.subarray(1, 5)];

test('COM_STMT_PREPARE: what it has, or what is wrong with it', async () => {
  client.send(prepare('SELECT ? ?'));
  const [head, ...rest] = await packets(7);
  assert.deepEqual([...(head?.subarray(5) ?? [])], [2, 0, 2, 0, 0, 0, 0]);
  assert.deepEqual([...(rest[2] ?? [])], eof);
  assert.deepEqual([...(rest[5] ?? [])], eof);
  assert.equal(fault(await ask(prepare('FAIL ?')))[0], 3);
});

test('COM_STMT_EXECUTE: every type, once with types and once without', async () => {
  const statement = 'SELECT ? ? ? ? ? ? ? ? ? ? ? ?';
  client.send(prepare(statement));
  const [head] = await packets(1 + 13 + 3);
  const handle = [...(head?.subarray(1, 5) ?? [])];
  const double = Buffer.alloc(8);
  double.writeDoubleLE(1.5);
  const float = Buffer.alloc(4);
  float.writeFloatLE(0.25);
  const types = [1, 0, 1, 0x80, 2, 0, 3, 0, 8, 0x80, 8, 0, 4, 0, 5, 0, 0xfd, 0, 12, 0, 11, 0, 6, 0];
  const values = [
    ...[0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ...[...Buffer.alloc(8, 0xff), ...Buffer.alloc(8, 0xff), ...float, ...double],
    ...[3, ...Buffer.from('é!'), 7, 0xea, 0x07, 11, 22, 18, 5, 9],
    ...[8, 1, 1, 0, 0, 0, 2, 3, 4],
  ];
  const execute = [0x17, ...handle, 0, 1, 0, 0, 0, 0, 0b1000];
  const texts = [
    ...[statement, 'number -1', 'number 255', 'number -2', 'number 2147483647'],
    ...['bigint 18446744073709551615', 'bigint -1', 'number 0.25', 'number 1.5', 'string é!'],
    ...['string 2026-11-22 18:05:09', 'string -26:03:04', 'object null'],
  ];
  const expected = Buffer.from(JSON.stringify(texts));
  const length = [expected.length];
  for (const bound of [[1, ...types], [0]]) {
    client.send(packet(0, execute, bound, values));
    const answer = await packets(6);
    // A row in binary: 0, the bitmap of NULLs from the third bit on, the text.
    assert.deepEqual([...(answer[4] ?? [])], [0, 0b1000, ...length, ...expected]);
  }
  for (const broken of [[...execute, 1, ...types], execute, [...execute, 1, 1]])
    assert.equal(fault(await ask(packet(0, broken)))[0], 1210);
  assert.equal(fault(await ask(packet(0, [0x17, 9, 9, 9, 9, 0, 1, 0, 0, 0])))[0], 1243);
});

test('COM_STMT_SEND_LONG_DATA, COM_STMT_RESET, COM_STMT_CLOSE', async () => {
  client.send(prepare('SHOW ?'));
  const handle = id((await client.packet()) as RawPacket);
  await client.packet();
  await client.packet();
  const piece = (text: string, parameter = 0) => packet(0, [0x18, ...handle, parameter, 0], text);
  const execute = packet(0, [0x17, ...handle, 0, 1, 0, 0, 0, 0, 1, 0xfc, 0]);
  const show = async (): Promise<void> => {
    client.send(execute);
    await packets(6);
  };
  // One execution takes what was sent ahead of it, also when the next pieces come before it has ended.
  client.send(piece('one '), piece('piece'), piece('nothing', 7), execute, piece('two'), execute);
  await packets(6);
  await packets(6);
  assert.ok(isOk(await ask(packet(0, [0x1a, ...handle]))));
  const empty = await ask(execute);
  assert.equal(fault(empty)[0], 1210, 'nothing was sent ahead, and nothing is in the packet');
  client.send(piece('again'));
  await show();
  for (let i = 0; i < 9; i++) client.send(piece('x'.repeat(2_000_000)));
  assert.equal(fault(await ask(execute))[0], 1153, 'more than a statement may have');
  client.send(packet(0, [0x19, ...handle]));
  assert.equal(fault(await ask(execute))[0], 1243);
  assert.equal(fault(await ask(packet(0, [0x1a, ...handle])))[0], 1243);
});

test('values sent ahead in tiny pieces take no more memory than their bytes', () => {
  const statements = new PreparedStatements();
  const prepared = statements.add('SHOW ?, ?', 2);
  assert.ok(!(prepared instanceof SqlFault));
  const before = process.memoryUsage();
  for (let i = 0; i < 2_000_000; i++) {
    statements.sendAhead(prepared.id, 0, Buffer.alloc(0));
    statements.sendAhead(prepared.id, 1, Buffer.of(65 + (i % 26)));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const grown = heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers;
  assert.ok(grown < 200_000_000, `${grown} bytes more`);
  const ahead = statements.takeAhead(prepared.id);
  assert.ok(ahead instanceof Map);
  assert.equal(ahead.get(0).length, 0);
  assert.equal(ahead.get(1).length, 2_000_000);
  assert.equal(ahead.get(1).toString('latin1', 0, 27), 'ABCDEFGHIJKLMNOPQRSTUVWXYZA');
});

test('a connection holds a bounded number of statements', async () => {
  const greedy = await entered(wire.port);
  const most = 16_382;
  greedy.send(...Array.from({ length: most }, () => prepare('INSERT x')));
  for (let i = 0; i < most; i++) assert.ok(isOk(await greedy.packet()));
  assert.equal(fault(await ask(prepare('INSERT x'), greedy))[0], 1461);
  greedy.send(packet(0, [0x1f]));
  assert.ok(isOk(await greedy.packet()));
  assert.ok(isOk(await ask(prepare('INSERT x'), greedy)));
  greedy.destroy();
});

test('prepared statements take memory that is bounded, also with their types', () => {
  const statements = new PreparedStatements();
  const text = 'x'.repeat(131_072);
  const parameters = 65_535;
  const before = process.memoryUsage();
  let count = 0;
  for (;;) {
    const prepared = statements.add(`${text}${count}`, parameters);
    if (prepared instanceof SqlFault) break;
    const binding = { count: parameters, types: undefined, sentAhead: new Map(), text: String };
    const packet = new Fields(Buffer.alloc(8_192 + 1 + 2 * parameters + parameters, 1));
    prepared.types = readParameters(packet, binding).types;
    count += 1;
  }
  assert.ok(count > 10, String(count));
  const { heapUsed } = process.memoryUsage();
  assert.ok(heapUsed - before.heapUsed < 100_000_000, `${heapUsed - before.heapUsed} bytes more`);
  statements.clear();
  for (let i = 0; i < count; i++)
    assert.ok(!(statements.add(text, parameters) instanceof SqlFault));
});

test('a fault of ours ends the statement and is logged once, without it', async () => {
  assert.deepEqual(fault(await ask(query('BUG secret-words'))).slice(0, 2), [1105, 'HY000']);
  const logged = wire.lines.join('');
  assert.match(logged, /a bug of the test/);
  assert.doesNotMatch(logged, /secret-words/);
  assert.ok(isOk(await ask(ping)));
});

test('COM_RESET_CONNECTION: the character set is again that of the login', async () => {
  const latin = await entered(wire.port, { collation: 8 });
  latin.send(query('SET NAMES cp1251'));
  await packets(6, latin);
  assert.ok(isOk(await ask(packet(0, [0x1f]), latin)));
  latin.send(packet(0, [3], 'SELECT ', [0xe9]));
  const answer = await packets(6, latin);
  assert.match(answer[4]?.toString() ?? '', /"SELECT é"/);
  latin.destroy();
});

test('text in the character set of the client, or UTF-8 whatever it says', async () => {
  const latin = await entered(wire.port, { collation: 8 });
  const show = async (bytes: Buffer) => {
    latin.send(packet(0, [3], 'SELECT ', bytes));
    const answer = await packets(6, latin);
    return answer[4]?.toString('utf8', 1, (answer[4]?.length ?? 0) - 1);
  };
  assert.equal(await show(Buffer.from([0xe9])), '["SELECT é"]');
  assert.equal(await show(Buffer.from('é')), '["SELECT é"]');
  latin.send(query('SET NAMES cp1251'));
  await packets(6, latin);
  assert.equal(await show(Buffer.from([0xcf, 0xf0])), '["SELECT Пр"]');
  latin.send(query('SET NAMES utf8mb4'));
  await packets(6, latin);
  assert.equal(fault(await ask(packet(0, [3], [0xe9]), latin))[0], 1300);
  assert.equal(fault(await ask(packet(0, [0x16], [0xe9]), latin))[0], 1300);
  latin.destroy();
});

test('SET NAMES of a character set that is refused leaves the one that there was', async () => {
  const latin = await entered(wire.port, { collation: 8 });
  for (const name of ['gbk', 'chinese']) {
    latin.send(query(`SET NAMES ${name}`), packet(0, [3], 'SELECT ', [0xbf, 0x5c]));
    await packets(6, latin);
    const answer = await packets(6, latin);
    assert.match(answer[4]?.toString() ?? '', /"SELECT ¿\\\\"/);
  }
  latin.destroy();
});

test('an answer over 64 MiB is an error, one over 16 MiB is cut into packets', async () => {
  const options = { host: '127.0.0.1', port: wire.port, user: '1', password: apiKey };
  const connection = await createConnection(options);
  for (const size of [16_777_200, 16_777_211, 20_000_000]) {
    const [rows] = await connection.query<RowDataPacket[]>(`BIG ${size}`);
    assert.equal(rows[0]?.text.length, size);
  }
  await assert.rejects(connection.query('BIG 70000000'), { errno: 1104 });
  await connection.ping();
  await connection.end();
});

test('statements are counted by kind and outcome', async () => {
  const fresh = await startWire();
  const one = await entered(fresh.port);
  for (const statement of ['INSERT a', ' insert b', 'FAIL', 'AWAY', 'BUG', 'what ever'])
    await ask(query(statement), one);
  const count = (kind: string, outcome: string) =>
    fresh.metric(`encke_cometql_statements_total{kind="${kind}",outcome="${outcome}"`);
  assert.equal(await count('insert', 'ok'), 2);
  assert.equal(await count('other', 'refused'), 2);
  assert.equal(await count('other', 'unavailable'), 1);
  assert.equal(await count('other', 'error'), 1);
  assert.equal(await fresh.metric('encke_cometql_connections{'), 1);
  assert.equal(await fresh.metric('encke_cometql_statement_seconds_count{'), 6);
  one.destroy();
  await fresh.stop();
});
