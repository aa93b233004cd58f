import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster } from '@encke/cluster';
import { type App, type User, v1 } from '@encke/protocol';
import { eventually, type RedisServer, startRedis, V1Device, within } from '@encke/testing';
import { startTestGateway, type TestGateway } from './gateway.fixture.ts';

const [app, user] = [1 as App, 7 as User];
let redis: RedisServer;
let gateway: TestGateway;
let cluster: Cluster;
before(async () => {
  redis = await startRedis();
  gateway = await startTestGateway(redis.env);
  cluster = await openCluster(gateway.config);
  await eventually(() => assert.equal(gateway.running.unready(), undefined));
  await cluster.setHash(app, user, 'key');
});
after(async () => {
  await gateway?.stop();
  await cluster?.close();
  await redis?.stop();
});

/** A connection of which all that comes back is kept. */
function open() {
  const socket: Socket = connect(gateway.running.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.on('close', resolve));
  return {
    socket,
    closed,
    get text() {
      return Buffer.concat(chunks).toString('latin1');
    },
    /** Times that `part` came. */
    count: (part: string) => Buffer.concat(chunks).toString('latin1').split(part).length - 1,
  };
}

const info = (more = '') => `GET /info HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
const handshake = (more = '', path: string = v1.path) =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: encke.v1\r\n${more}\r\n`;
const accepted = 'HTTP/1.1 101 Switching Protocols\r\n';

/** A text frame as a client sends it, masked with zeros. */
function frame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  assert.ok(length < 126);
  return Buffer.concat([Buffer.from([0x81, 0x80 | length, 0, 0, 0, 0]), Buffer.from(text)]);
}
const hello = frame('{"type":"hello","app":1,"user":7,"key":"key"}');

const pieces = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );

test('requests one after the other, and many at once, are answered on one connection', async () => {
  const one = open();
  one.socket.write(info());
  await eventually(() => assert.equal(one.count('"status":"ok"'), 1));
  one.socket.write(info() + info());
  await eventually(() => assert.equal(one.count('"status":"ok"'), 3));
  one.socket.write(info('Connection: close\r\n'));
  await within(one.closed, 'close');
  assert.equal(one.count('HTTP/1.1 200 OK'), 4);
  const many = open();
  many.socket.write(info().repeat(20));
  await eventually(() => assert.equal(many.count('HTTP/1.1 200 OK'), 20));
  many.socket.destroy();
});

test('an offer of another upgrade than a WebSocket is ignored', async () => {
  const one = open();
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n';
  one.socket.write(info(h2c));
  await eventually(() => assert.equal(one.count('"status":"ok"'), 1));
  one.socket.write(info(h2c).replace('/info', '/client.js'));
  await eventually(() => assert.equal(one.count('HTTP/1.1 '), 2));
  assert.equal(one.count('No such path'), 0);
  one.socket.write(info());
  await eventually(() => assert.equal(one.count('"status":"ok"'), 2));
  one.socket.destroy();
});

test('a request that comes in pieces is answered, and so is a page asked for before a socket', async () => {
  const slow = open();
  for (const piece of pieces(info(), 7)) {
    slow.socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually(() => assert.equal(slow.count('"status":"ok"'), 1));
  slow.socket.write(handshake());
  await eventually(() => assert.equal(slow.count(accepted), 1));
  slow.socket.write(hello);
  await eventually(() => assert.match(slow.text, /"authorized":true/));
  slow.socket.destroy();
});

/** Each is a good handshake for a device that is let in, in a form of its own. */
const handshakes: [what: string, parts: (string | Buffer)[]][] = [
  ['as browsers write it', [handshake()]],
  ['in pieces', pieces(handshake(), 40)],
  ['with the hello right behind it', [Buffer.concat([Buffer.from(handshake()), hello])]],
  ['with a field twice', [handshake('X-A: 1\r\nX-A: 2\r\n')]],
  ['with blanks around a value', [handshake('X-A:   1   \r\n')]],
  ['after a blank line', [`\r\n${handshake()}`]],
];
for (const [what, parts] of handshakes) {
  test(`a handshake ${what} opens a socket`, async () => {
    const peer = open();
    for (const part of parts) {
      peer.socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await eventually(() => assert.equal(peer.count(accepted), 1));
    assert.match(peer.text, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    assert.match(peer.text, /Sec-WebSocket-Protocol: encke\.v1\r\n/);
    if (!what.includes('hello')) peer.socket.write(hello);
    await eventually(() => assert.match(peer.text, /"authorized":true/));
    peer.socket.destroy();
  });
}

/** The same answer whichever way the request is read; the second form of each is the HTTP server's. */
const refused: [what: string, status: string, request: (more: string) => string][] = [
  ['no such path', '404 Not Found', (more) => handshake(more, '/nowhere')],
  ['a key that is none', '400 Bad Request', (more) => handshake(more).replace('dGhlIH', 'x')],
  ['another version', '400 Bad Request', (more) => handshake(more).replace('n: 13', 'n: 12')],
  ['no subprotocol', '400 Bad Request', (more) => handshake(more).replace('encke.v1', 'other')],
];
for (const [what, status, request] of refused) {
  test(`refused with ${status}: ${what}`, async () => {
    const answers: string[] = [];
    for (const more of ['', 'X-A: 1\r\nX-A: 2\r\n']) {
      const peer = open();
      peer.socket.write(request(more));
      await within(peer.closed, 'close');
      answers.push(peer.text);
    }
    const [own, http] = answers;
    assert.ok(own?.startsWith(`HTTP/1.1 ${status}\r\n`), own);
    assert.equal(own, http);
  });
}

test('what is no HTTP is refused and hurts nobody', async () => {
  for (const garbage of [
    Buffer.from([22, 3, 1, 0, 200, 1]),
    Buffer.alloc(70_000, 'a'),
    '\r\n\r\n\r\n',
  ]) {
    const peer = open();
    peer.socket.end(garbage);
    await within(peer.closed, 'close');
    assert.equal(peer.count('101'), 0);
  }
  const device = await V1Device.connect(gateway.address, {
    app,
    user,
    key: 'key',
    device: 'phone',
  });
  await device.drop();
});

test('a connection that is silent at first is served all the same', async () => {
  const late = open();
  const [request, socket] = [open(), open()];
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  request.socket.write(info());
  socket.socket.write(handshake());
  await eventually(() => assert.equal(request.count('"status":"ok"'), 1));
  await eventually(() => assert.equal(socket.count(accepted), 1));
  late.socket.end();
  await within(late.closed, 'close');
  for (const { socket: one } of [request, socket]) one.destroy();
});

test('a connection that ends or breaks without a word is let go', async () => {
  const ended = open();
  ended.socket.end();
  const broken = open();
  await new Promise((resolve) => broken.socket.once('connect', resolve));
  broken.socket.resetAndDestroy();
  await within(ended.closed, 'close');
});

test('a stop ends what has not spoken yet', async () => {
  const other = await startTestGateway(redis.env);
  const silent = connect(other.running.port, '127.0.0.1');
  silent.on('error', () => {});
  const closed = new Promise((resolve) => silent.once('close', resolve));
  await new Promise((resolve) => silent.once('connect', resolve));
  await within(other.stop(), 'stop');
  await within(closed, 'close');
});

test('a peer that is refused and keeps its side open is let go', async () => {
  const other = await startTestGateway(redis.env);
  const peers = ['', 'X-A: 1\r\nX-A: 2\r\n'].map((more) => {
    const socket = connect({
      ...{ port: other.running.port, host: '127.0.0.1', allowHalfOpen: true },
    });
    socket.on('error', () => {});
    socket.resume().write(handshake(more, '/nowhere'));
    return { socket, refused: new Promise((resolve) => socket.once('end', resolve)) };
  });
  for (const { refused } of peers) await within(refused, 'the end of the answer');
  await within(other.stop(), 'stop');
  for (const { socket } of peers) socket.destroy();
});

test('a peer with a fault in its URL that does not answer the close frame is let go', async () => {
  const peer = connect({
    ...{ port: gateway.running.port, host: '127.0.0.1', allowHalfOpen: true },
  });
  peer.on('error', () => {});
  const chunks: Buffer[] = [];
  peer.on('data', (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => peer.once('end', resolve));
  peer.write(handshake('', '/ws/myid=none&v=4.05'));
  await within(ended, 'the end of the connection');
  assert.match(Buffer.concat(chunks).toString('latin1'), /"error_code":401/);
  peer.destroy();
});

/** Each ends its socket, which then is for the peer to close. */
const ends: [what: string, bytes: Buffer][] = [
  ['closes', Buffer.from([0x88, 0x80, 0, 0, 0, 0])],
  ['breaks RFC 6455', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
];
for (const [what, bytes] of ends) {
  test(`a peer that ${what} and keeps its side open is not connected any more`, async () => {
    const connected = () => gateway.metric('encke_connections');
    const before = await connected();
    const peer = connect({
      ...{ port: gateway.running.port, host: '127.0.0.1', allowHalfOpen: true },
    });
    peer.on('error', () => {});
    peer.resume().write(Buffer.concat([Buffer.from(handshake()), hello]));
    await eventually(async () => assert.equal(await connected(), before + 1));
    peer.write(bytes);
    await eventually(async () => assert.equal(await connected(), before));
    peer.destroy();
  });
}

test('a stop ends who comes while it waits for Redis', async (t) => {
  const away = await startRedis();
  t.after(() => away.stop());
  const other = await startTestGateway(away.env);
  await other.running.drain();
  away.pause();
  const stopped = other.running.stop();
  const late = connect(other.running.port, '127.0.0.1');
  late.on('error', () => {});
  const closed = new Promise((resolve) => late.once('close', resolve));
  await within(stopped, 'stop');
  await within(closed, 'close');
});
