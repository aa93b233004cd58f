/** Who comes in, by which plugin, and what the others are told. */
import assert from 'node:assert/strict';
import { constants, publicEncrypt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, makeCertificate } from '@encke/testing';
import {
  entered,
  fault,
  flags,
  introduction,
  isOk,
  nativeProof,
  packet,
  ping,
  query,
  RawClient,
  sha2Proof,
  xor,
} from '@encke/testing/raw-mysql';
import { createConnection } from 'mysql2/promise';
import { capability } from './wire/constants.ts';
import { apiKey, startWire, type Wire } from './wire-server.fixture.ts';

let wire: Wire;
let secure: Wire;
const folder = mkdtempSync(join(tmpdir(), 'encke-cometql-'));

before(async () => {
  const { cert, key } = makeCertificate(folder);
  wire = await startWire();
  secure = await startWire({ env: { ENCKE_TLS_CERT: cert, ENCKE_TLS_KEY: key } });
});
after(async () => {
  await wire.stop();
  await secure.stop();
  rmSync(folder, { recursive: true });
});

const denied = (password: 'YES' | 'NO') =>
  [
    1045,
    '28000',
    'Access denied: the user is the number of an app (or root), the password is the API key' +
      ` (using password: ${password})`,
  ] as const;

test('mysql_native_password: any of the keys, any app', async () => {
  for (const [user, password] of [
    ['1', apiKey],
    ['root', 'old-key'],
    ['0', apiKey],
    ['999999999', apiKey],
  ] as const) {
    const client = await entered(wire.port, { user, password });
    client.send(ping);
    assert.ok(isOk(await client.packet()));
    client.destroy();
  }
});

test('a wrong password, no password, and a user that is no app: one answer, and the end', async () => {
  for (const [it, using] of [
    [{ password: 'wrong' }, 'YES'],
    [{ proof: Buffer.alloc(0) }, 'NO'],
    [{ proof: Buffer.alloc(19) }, 'YES'],
    [{ user: 'admin' }, 'YES'],
    [{ user: '1000000000' }, 'YES'],
    [{ user: '-1' }, 'YES'],
    [{ user: '' }, 'YES'],
  ] as const) {
    const client = new RawClient(wire.port);
    assert.deepEqual(fault(await client.enter(it)), denied(using));
    await client.gone();
  }
});

test('a database: ours or none', async () => {
  const client = await entered(wire.port, { database: 'CometQL_v1' });
  client.send(query('SHOW it'));
  assert.equal((await client.packet()).payload[0], 2);
  client.destroy();
  const other = new RawClient(wire.port);
  assert.deepEqual(fault(await other.enter({ database: 'my`db' })), [
    1049,
    '42000',
    'Unknown database',
  ]);
  await other.gone();
  assert.equal(wire.started.at(-1), 'USE `my``db`');
});

test('caching_sha2_password, the short form', async () => {
  const client = new RawClient(wire.port);
  await client.greeted();
  const proof = sha2Proof(apiKey, client.scramble);
  client.send(introduction(1, { proof, plugin: 'caching_sha2_password' }));
  assert.deepEqual([...(await client.packet()).payload], [1, 3]);
  const welcome = await client.packet();
  assert.ok(isOk(welcome));
  assert.equal(welcome.sequence, 3);
  client.destroy();
});

/** As a client does whose own plugin is not that of the greeting. */
async function switched(client: RawClient): Promise<Buffer> {
  await client.greeted();
  client.send(introduction(1, { proof: Buffer.alloc(0), plugin: 'caching_sha2_password' }));
  const { payload } = await client.packet();
  assert.equal(payload.toString('latin1', 0, 23), '\xfecaching_sha2_password\0');
  assert.equal(payload.length, 23 + 20 + 1);
  return payload.subarray(23, 43);
}

test('caching_sha2_password by a client that waits to be asked for it', async () => {
  const client = new RawClient(wire.port);
  const scramble = await switched(client);
  client.send(packet(3, sha2Proof(apiKey, scramble)));
  assert.deepEqual([...(await client.packet()).payload], [1, 3]);
  assert.ok(isOk(await client.packet()));
  client.destroy();
});

test('caching_sha2_password by a client that waits to be asked and has no password, or a wrong one', async () => {
  for (const proof of [Buffer.alloc(0), Buffer.alloc(1)]) {
    const client = new RawClient(wire.port);
    await switched(client);
    client.send(packet(3, proof));
    assert.deepEqual(fault(await client.packet()), denied('NO'));
    await client.gone();
  }
  const client = new RawClient(wire.port);
  client.scramble = await switched(client);
  client.send(packet(3, sha2Proof('wrong', client.scramble)));
  assert.deepEqual([...(await client.packet()).payload], [1, 4]);
  await fullForm(client, 'wrong', 5);
  assert.deepEqual(fault(await client.packet()), denied('YES'));
  client.destroy();
});

async function fullForm(client: RawClient, password: string, sequence = 3): Promise<void> {
  client.send(packet(sequence, [2]));
  const { payload } = await client.packet();
  assert.equal(payload[0], 1);
  const key = payload.toString('utf8', 1);
  const mixed = xor(Buffer.from(`${password}\0`), client.scramble);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  client.send(packet(sequence + 2, publicEncrypt({ key, padding, oaepHash: 'sha1' }, mixed)));
}

test('caching_sha2_password, the short form, and an unknown database: the packets are numbered on', async () => {
  const client = new RawClient(wire.port);
  await client.greeted();
  const proof = sha2Proof(apiKey, client.scramble);
  client.send(introduction(1, { proof, plugin: 'caching_sha2_password', database: 'nope' }));
  const first = await client.packet();
  assert.deepEqual([first.sequence, ...first.payload], [2, 1, 3]);
  const refused = await client.packet();
  assert.equal(refused.sequence, 3);
  assert.equal(fault(refused)[0], 1049);
  await client.gone();
});

test('caching_sha2_password, the long form without TLS: encrypted with the public key', async () => {
  for (const [password, right] of [
    [apiKey, true],
    ['wrong', false],
  ] as const) {
    const client = new RawClient(wire.port);
    await client.greeted();
    const proof = sha2Proof('not it', client.scramble);
    client.send(introduction(1, { proof, plugin: 'caching_sha2_password' }));
    assert.deepEqual([...(await client.packet()).payload], [1, 4]);
    await fullForm(client, password);
    const verdict = await client.packet();
    if (right) assert.ok(isOk(verdict));
    else assert.deepEqual(fault(verdict), denied('YES'));
    client.destroy();
  }
});

test('the long form without TLS does not take the password in the clear, nor nonsense', async () => {
  for (const answer of [`${apiKey}\0`, Buffer.alloc(256, 7), '']) {
    const client = new RawClient(wire.port);
    await client.greeted();
    const proof = sha2Proof('not it', client.scramble);
    client.send(introduction(1, { proof, plugin: 'caching_sha2_password' }));
    await client.packet();
    client.send(packet(3, answer));
    assert.deepEqual(fault(await client.packet()), denied('YES'));
    await client.gone();
  }
});

test('TLS: the password itself is enough, and everything works in it', async () => {
  const client = new RawClient(secure.port);
  const greeting = await client.greeted();
  const at = greeting.payload.indexOf(0) + 1 + 13;
  assert.ok(greeting.payload.readUInt16LE(at) & capability.tls, 'TLS is offered');
  await client.secure();
  const proof = sha2Proof('not it', client.scramble);
  client.send(introduction(2, { proof, plugin: 'caching_sha2_password' }));
  assert.deepEqual([...(await client.packet()).payload], [1, 4]);
  client.send(packet(4, `${apiKey}\0`));
  assert.ok(isOk(await client.packet()));
  client.send(query('BIG 300000'), ping);
  const answers: number[] = [];
  for (let i = 0; i < 7; i++) answers.push((await client.packet()).payload.length);
  assert.ok(answers[4] !== undefined && answers[4] > 300_000);
  client.destroy();
});

test('TLS that is not offered, and TLS that is none', async () => {
  const client = new RawClient(wire.port);
  await client.greeted();
  const wish = Buffer.alloc(32);
  wish.writeUInt32LE(flags | capability.tls, 0);
  client.send(packet(1, wish));
  assert.equal(fault(await client.packet())[0], 1043);
  await client.gone();
  const other = new RawClient(secure.port);
  await other.greeted();
  other.send(packet(1, wish), Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await other.gone();
});

test('who compresses without being offered it is told so, and not let in', async () => {
  const client = new RawClient(wire.port);
  const told = fault(await client.enter({ capabilities: flags | 32 }));
  const text = 'Bad handshake: compression is not supported, turn it off';
  assert.deepEqual(told, [1043, '08S01', text]);
  await client.gone();
});

test('an unknown plugin is switched to one that everybody knows', async () => {
  for (const plugin of ['mysql_clear_password', 'sha256_password', 'dialog', '']) {
    const client = new RawClient(wire.port);
    await client.greeted();
    client.send(introduction(1, { proof: Buffer.from('x'), plugin }));
    const { payload } = await client.packet();
    assert.equal(payload[0], 0xfe);
    assert.equal(payload.toString('latin1', 1, 22), 'mysql_native_password');
    client.send(packet(3, nativeProof(apiKey, payload.subarray(23, 43))));
    assert.ok(isOk(await client.packet()));
    client.destroy();
  }
});

test('a character set in which an escaped quote is not safe is refused, with the password only', async () => {
  // big5, sjis, gb2312, gbk, cp932 and gb18030
  for (const collation of [1, 13, 24, 28, 87, 95, 248]) {
    const client = new RawClient(wire.port);
    const answer = fault(await client.enter({ collation }));
    assert.deepEqual(answer, [1115, '42000', 'Unknown character set: use utf8mb4']);
    await client.gone();
    const stranger = new RawClient(wire.port);
    assert.equal(fault(await stranger.enter({ collation, password: 'wrong' }))[0], 1045);
    stranger.destroy();
  }
  const client = await entered(wire.port);
  const proof = nativeProof(apiKey, client.scramble);
  const plugin = 'mysql_native_password\0';
  client.send(packet(0, [17], '5\0', [proof.length], proof, '\0', [28, 0], plugin));
  assert.equal(fault(await client.packet())[0], 1115);
  await client.gone();
});

test('COM_CHANGE_USER: another app, with the first scramble or a new one; a wrong password ends it', async () => {
  const change = (user: string, proof: Buffer, plugin = 'mysql_native_password') =>
    packet(0, [17], `${user}\0`, [proof.length], proof, 'CometQL_v1\0', [45, 0], `${plugin}\0`);
  const client = await entered(wire.port);
  client.send(change('5', nativeProof(apiKey, client.scramble)));
  assert.ok(isOk(await client.packet()));
  client.send(change('6', Buffer.alloc(20)));
  const { payload } = await client.packet();
  assert.equal(payload[0], 0xfe);
  client.send(packet(2, nativeProof(apiKey, payload.subarray(23, 43))));
  assert.ok(isOk(await client.packet()));
  client.send(change('6', Buffer.alloc(20), 'caching_sha2_password'));
  const again = (await client.packet()).payload;
  assert.equal(again.toString('latin1', 1, 22), 'caching_sha2_password');
  client.send(packet(2, sha2Proof(apiKey, again.subarray(23, 43))));
  assert.deepEqual([...(await client.packet()).payload], [1, 3]);
  assert.ok(isOk(await client.packet()));
  client.send(ping, change('7', Buffer.alloc(20)));
  assert.ok(isOk(await client.packet()));
  assert.equal((await client.packet()).payload[0], 0xfe);
  client.send(packet(2, Buffer.alloc(20)));
  assert.equal(fault(await client.packet())[0], 1045);
  await client.gone();
});

test('a library: mysql2 logs in, changes its user, and reads the error', async () => {
  for (const { port } of [wire, secure]) {
    const config = { host: '127.0.0.1', port, user: '3', password: apiKey };
    const tls = port === secure.port ? { ssl: { rejectUnauthorized: false } } : {};
    const connection = await createConnection({ ...config, ...tls, database: 'CometQL_v1' });
    await connection.changeUser({ user: '4', password: 'old-key' });
    await connection.ping();
    await connection.end();
    await assert.rejects(createConnection({ ...config, ...tls, password: 'no' }), {
      errno: 1045,
      sqlState: '28000',
    });
  }
});

test('what is no introduction is told so, whatever it claims to be', async () => {
  const nonsense = [
    Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    packet(1, Buffer.alloc(31, 0xff)),
    packet(1, Buffer.alloc(0)),
    packet(1, Buffer.alloc(40)),
    introduction(1, { proof: Buffer.alloc(20), capabilities: 0 }),
    packet(1, introduction(1, { proof: Buffer.alloc(20) }).subarray(4, 45)),
  ];
  for (const bytes of nonsense) {
    const client = new RawClient(wire.port);
    await client.greeted();
    client.send(bytes);
    const [errno] = fault(await client.packet());
    assert.ok(errno === 1043 || errno === 1045, String(errno));
    await client.gone();
  }
});

test('who does not log in in time is cut off, also when it trickles', async (t) => {
  const hurried = await startWire({ patience: { login: 300 } });
  t.after(() => hurried.stop());
  const silent = new RawClient(hurried.port);
  const trickling = new RawClient(hurried.port);
  await trickling.greeted();
  trickling.send(Buffer.from([250, 0, 0, 1]));
  const timer = setInterval(() => trickling.send(Buffer.from([1])), 50);
  await silent.greeted();
  await silent.gone();
  await trickling.gone();
  clearInterval(timer);
  assert.equal(await hurried.metric('encke_cometql_logins_total{outcome="late"'), 2);
});

test('one connection too many is told so; when one leaves, there is room', async (t) => {
  const small = await startWire({ mostConnections: 2 });
  t.after(() => small.stop());
  const first = await entered(small.port);
  const second = await entered(small.port);
  const third = new RawClient(small.port);
  assert.deepEqual(fault(await third.packet()), [1040, '08004', 'Too many connections']);
  await third.gone();
  first.destroy();
  await eventually(async () => (await entered(small.port)).destroy());
  second.destroy();
});

test('who is one too many and does not leave is cut off', async (t) => {
  const small = await startWire({ mostConnections: 1 });
  t.after(() => small.stop());
  const only = await entered(small.port);
  const socket = connect({ port: small.port, host: '127.0.0.1', allowHalfOpen: true });
  const [told] = await once(socket, 'data');
  assert.match(String(told), /Too many connections/);
  let cut = false;
  socket.on('error', () => {
    cut = true;
  });
  await eventually(() => {
    socket.write('still here');
    assert.ok(cut);
  });
  socket.destroy();
  only.destroy();
});

test('neither a password nor a user gets into the log', async () => {
  assert.doesNotMatch(wire.lines.join(''), /the-key|old-key|wrong|admin/);
});
