import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readOpening } from './opening.ts';

const fields = [
  'Host: comet.example.com',
  'Connection: keep-alive, Upgrade',
  'Upgrade: WebSocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];
const handshake = (more: readonly string[] = [], first = 'GET /v1?a=b HTTP/1.1') =>
  Buffer.from(`${[first, ...fields, ...more].join('\r\n')}\r\n\r\n`, 'latin1');
const without = (name: string) =>
  Buffer.from(
    `GET /v1 HTTP/1.1\r\n${fields.filter((field) => !field.startsWith(name)).join('\r\n')}\r\n\r\n`,
  );

test('a handshake as browsers write it', () => {
  const opening = readOpening(
    handshake(['Cookie: a=b; c="d"', 'X-Empty:', 'Origin:http://a', 'X-Latin: gr\xfc\xdfe']),
  );
  assert.equal(opening?.method, 'GET');
  assert.equal(opening.url, '/v1?a=b');
  assert.deepEqual(
    { ...opening.headers },
    {
      host: 'comet.example.com',
      connection: 'keep-alive, Upgrade',
      upgrade: 'WebSocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      cookie: 'a=b; c="d"',
      'x-empty': '',
      origin: 'http://a',
      'x-latin': 'gr\xfc\xdfe',
    },
  );
});

test('a field may have the name of a property of all objects', () => {
  const { headers } = readOpening(handshake(['__proto__: a', 'constructor: b'])) ?? {};
  assert.equal(Object.getPrototypeOf(headers), null);
  assert.deepEqual(Object.keys(headers ?? {}).slice(-2), ['__proto__', 'constructor']);
});

test('who keeps a part of a handshake does not keep the rest in memory', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const large = handshake([
    'X-Forwarded-For: 2001:db8::1234:5678',
    `Cookie: ${'a'.repeat(15_000)}`,
  ]);
  const kept: unknown[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1_000; i++) {
    const { url = '', headers = {} } = readOpening(large) ?? {};
    kept.push(url.slice(1), headers.host?.slice(0, 14), headers['x-forwarded-for']?.slice(1));
  }
  collect();
  const each = (process.memoryUsage().heapUsed - before) / 1_000;
  assert.equal(kept.length, 3_000);
  assert.ok(each < 1_000, `${each} bytes`);
});

const whole = handshake();
const left: [what: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['an end alone', Buffer.from('\r\n\r\n')],
  ['a handshake but its last byte', whole.subarray(0, -1)],
  ['a handshake with a byte behind it', Buffer.concat([whole, Buffer.from([0x81])])],
  ['two requests', Buffer.concat([whole, whole])],
  ['a page', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['a request without fields', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['no Host', without('Host')],
  ['no Upgrade', without('Upgrade')],
  ['no Connection', without('Connection')],
  ['another upgrade', handshake([], 'GET / HTTP/1.1\r\nUpgrade: h2c')],
  ['another method', handshake([], 'POST /v1 HTTP/1.1')],
  ['another version of HTTP', handshake([], 'GET /v1 HTTP/1.0')],
  ['a whole URL', handshake([], 'GET http://a/v1 HTTP/1.1')],
  ['a space in the path', handshake([], 'GET /v1 /a HTTP/1.1')],
  ['a path that is not ASCII', handshake([], 'GET /v\xfc HTTP/1.1')],
  ['a field twice', handshake(['Cookie: a', 'cookie: b'])],
  ['a body', handshake(['Content-Length: 3'])],
  ['a body in chunks', handshake(['Transfer-Encoding: chunked'])],
  ['an expectation', handshake(['Expect: 100-continue'])],
  ['a folded line', handshake(['Cookie: a', ' b'])],
  ['a field without a colon', handshake(['Cookie'])],
  ['a field without a name', handshake([': a'])],
  ['a blank before the colon', handshake(['Cookie : a'])],
  ['a blank at the end', handshake(['Cookie: a '])],
  ['a control character', handshake(['Cookie: a\x00b'])],
  ['a bare line feed', handshake(['Cookie: a\nb: c'])],
  ['a bare carriage return', handshake(['Cookie: a\rb: c'])],
  ['more than HTTP servers take', handshake([`Cookie: ${'a'.repeat(16_384)}`])],
];
for (const [what, bytes] of left) {
  test(`left to the HTTP server: ${what}`, () => assert.equal(readOpening(bytes), undefined));
}

test('the time to read it grows no faster than it does', () => {
  const worst = [
    `a: ${'b '.repeat(8_000)}`,
    `a: ${'b\t '.repeat(5_000)}\x00`,
    'a: b\r\n'.repeat(2_700),
  ];
  for (const one of worst) {
    const began = performance.now();
    for (let i = 0; i < 100; i++) readOpening(handshake([one]));
    // Backtracking would take years.
    assert.ok(performance.now() - began < 10_000);
  }
});
