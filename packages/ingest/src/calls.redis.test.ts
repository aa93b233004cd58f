/** What an application server sees of each call, and of each rule it breaks. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, METHODS, request } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedis } from '@encke/testing';
import { apiKey, startTestIngest, type TestIngest } from './ingest.fixture.ts';

let redis: RedisServer;
let ingest: TestIngest;
before(async () => {
  redis = await startRedis();
  ingest = await startTestIngest(redis.env);
});
after(async () => {
  await ingest?.stop();
  await redis?.stop();
});

interface Messages {
  readonly messages: readonly Record<string, unknown>[];
}

test('a user signs in, gets messages and is read, emptied, disconnected and signed out', async () => {
  const { call } = ingest;
  const user = '/v1/apps/1/users/7';
  const hash = await call('PUT', `${user}/auth`, { hash: 'Abc=+/_-', ttl: 60 });
  assert.deepEqual([hash.status, hash.body], [204, undefined]);

  const sent = await call('POST', `${user}/messages`, { event: 'e', data: { a: "it's" }, ttl: 60 });
  assert.equal(sent.status, 202);
  assert.match(sent.headers.get('content-type') ?? '', /^application\/json/);
  const { id, ...rest } = sent.body as { id: string };
  assert.match(id, /^[a-z0-9]+-1$/);
  assert.deepEqual(rest, { seq: 1, sessions: 0, queued: true });
  await call('POST', `${user}/messages`, { data: 'text' });

  const { messages } = (await call('GET', `${user}/messages`)).body as Messages;
  assert.deepEqual(
    messages.map(({ time, expires, ...shown }) => {
      assert.ok(Math.abs(Number(time) - Date.now()) < 60_000);
      assert.ok(Number(expires) > Number(time));
      return shown;
    }),
    [
      { id, seq: 1, event: 'e', data: { a: "it's" } },
      { id: id.replace(/1$/, '2'), seq: 2, event: '', data: 'text' },
    ],
  );

  const state = await call('GET', user);
  assert.deepEqual(state.body, { online: false, lastSeen: null, queued: 2, sessions: [] });
  assert.deepEqual((await call('DELETE', `${user}/messages`)).body, { deleted: 2 });
  assert.deepEqual((await call('GET', `${user}/messages`)).body, { messages: [] });
  for (const body of [undefined, {}, { reconnect: true }, { reconnect: false }]) {
    const gone = await call('POST', `${user}/disconnect`, body);
    assert.deepEqual([gone.status, gone.body], [202, { sessions: 0 }]);
  }
  assert.equal((await call('DELETE', `${user}/auth`)).status, 204);
});

test('a body of no bytes is none, also with a content type', async () => {
  const json = { 'content-type': 'application/json' };
  const { call } = ingest;
  assert.equal((await call('DELETE', '/v1/apps/1/users/7/auth', '', json)).status, 204);
  assert.equal((await call('POST', '/v1/apps/1/users/7/disconnect', '', json)).status, 202);
});

test('so it is with any other content type, and in chunks: some clients send these unasked', async () => {
  const authorization = `Bearer ${apiKey}`;
  for (const [method, path, status] of [
    ['DELETE', '/v1/apps/1/users/7/auth', 204],
    ['POST', '/v1/apps/1/users/7/disconnect', 202],
    ['POST', '/v1/apps/1/users/7/messages', 400],
  ] as const)
    for (const headers of [
      { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' },
      { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
      { 'transfer-encoding': 'chunked' },
      { 'content-encoding': 'gzip', 'content-type': 'application/json', 'content-length': '0' },
    ]) {
      const call = request(ingest.url + path, { method, headers: { authorization, ...headers } });
      const [answer] = (await once(call.end(), 'response')) as [IncomingMessage];
      assert.equal(answer.statusCode, status, `${method} ${path} ${JSON.stringify(headers)}`);
      answer.resume();
    }
});

test('every value arrives as it was sent', async () => {
  const values = [
    null,
    false,
    0,
    -1.5e-7,
    '',
    '\u0000\u001f"\\/\u2028\ud83d\ude00',
    "it's",
    [],
    {},
    [[{ a: [null] }]],
    JSON.parse('{"__proto__":{"x":1},"constructor":1}') as unknown,
  ];
  const path = '/v1/apps/1/users/8/messages';
  for (const data of values) assert.equal((await ingest.call('POST', path, { data })).status, 202);
  const { messages } = (await ingest.call('GET', path)).body as Messages;
  assert.deepEqual(
    messages.map(({ data }) => JSON.stringify(data)),
    values.map((value) => JSON.stringify(value)),
  );
});

test('a message of 64 KiB is taken in any spelling, one byte more is refused', async () => {
  const path = '/v1/apps/1/users/9/messages';
  const { call } = ingest;
  const most = 'x'.repeat(65_536);
  assert.equal((await call('POST', path, { data: most })).status, 202);
  const escaped = `{"data":"${'\\u0078'.repeat(65_536)}"}`;
  assert.equal((await call('POST', path, escaped)).status, 202);
  const refused = await call('POST', path, { data: `${most}x` });
  assert.deepEqual(refused.body, {
    type: 'about:blank',
    title: 'Payload Too Large',
    status: 413,
    detail: '`data` must be at most 65536 bytes',
    field: 'data',
  });
});

const post = '/v1/apps/1/users/7/messages';
const auth = '/v1/apps/1/users/7/auth';
const user = (text: string) => `/v1/apps/1/users/${text}/messages`;
const userRule = '`user` must be an integer from 1 to 999999999';
const appRule = '`app` must be an integer from 0 to 999999999';
type Refusal = readonly [
  what: string,
  method: string,
  path: string,
  body: unknown,
  status: number,
  field: string | undefined,
  detail: string,
];
const data = { data: 1 };
const refusals: readonly Refusal[] = [
  ['user id 0', 'POST', user('0'), data, 400, 'user', userRule],
  ['user id -1', 'POST', user('-1'), data, 400, 'user', userRule],
  ['ten digits', 'POST', user('1234567890'), data, 400, 'user', userRule],
  ['200 digits', 'POST', user('1'.repeat(200)), data, 400, 'user', userRule],
  ['a name for a user', 'POST', user('anna'), data, 400, 'user', userRule],
  ['a padded user', 'POST', user('007'), data, 400, 'user', userRule],
  ['an encoded space', 'POST', user('%207'), data, 400, 'user', userRule],
  ['app -1', 'GET', '/v1/apps/-1/users/7', undefined, 400, 'app', appRule],
  ['app of ten digits', 'POST', '/v1/apps/1234567890/messages', [], 400, 'app', appRule],
  ['app and user', 'GET', '/v1/apps/x/users/y', undefined, 400, 'app', `${appRule}; ${userRule}`],
  [
    'hash of 33 characters',
    ...(['PUT', auth, { hash: 'x'.repeat(33) }, 400, 'hash'] as const),
    '`hash` must be at most 32 characters',
  ],
  [
    'hash with a space',
    ...(['PUT', auth, { hash: 'a b' }, 400, 'hash'] as const),
    '`hash` may contain only A-Z a-z 0-9 = + / _ -',
  ],
  ['no hash', 'PUT', auth, {}, 400, 'hash', '`hash` must be a string'],
  ['no body', 'PUT', auth, undefined, 400, 'body', '`body` must be a JSON object'],
  [
    'ttl 0',
    ...(['PUT', auth, { hash: '', ttl: 0 }, 400, 'ttl'] as const),
    '`ttl` must be a whole number of seconds from 1 to 604800',
  ],
  [
    'unknown field of auth',
    ...(['PUT', auth, { hash: 'a', TTL: 1 }, 400, 'TTL'] as const),
    '`TTL` is not a field of this call',
  ],
  [
    'event with a space',
    ...(['POST', post, { event: 'a b', data: 1 }, 400, 'event'] as const),
    '`event` may contain only A-Z a-z 0-9 _ -',
  ],
  ['missing data', 'POST', post, { event: 'a' }, 400, 'data', '`data` is required'],
  [
    'unknown field',
    ...(['POST', post, { data: 1, evnt: 'e' }, 400, 'evnt'] as const),
    '`evnt` is not a field of this call',
  ],
  ['a list as one message', 'POST', post, [], 400, 'body', '`body` must be a JSON object'],
  ['invalid JSON', 'POST', post, '{"data":', 400, 'body', '`body` must be valid JSON'],
  [
    'invalid UTF-8',
    ...(['POST', post, Buffer.from([0x22, 0xff, 0x22]), 400, 'body'] as const),
    '`body` must be valid UTF-8',
  ],
  [
    'a body over the limit',
    ...(['POST', post, `{"data":"${'x'.repeat(500_000)}"}`, 413, 'body'] as const),
    '`body` must be at most 401408 bytes',
  ],
  [
    'reconnect is a word',
    ...(['POST', '/v1/apps/1/users/7/disconnect', { reconnect: 'yes' }, 400, 'reconnect'] as const),
    '`reconnect` must be true or false',
  ],
  [
    'unknown field of disconnect',
    ...(['POST', '/v1/apps/1/users/7/disconnect', { again: true }, 400, 'again'] as const),
    '`again` is not a field of this call',
  ],
  [
    'unknown path',
    ...(['GET', '/v1/apps/1/channels', undefined, 404, undefined] as const),
    'there is nothing at this path; see /docs',
  ],
  [
    'wrong method',
    ...(['PATCH', auth, 'not even JSON', 405, undefined] as const),
    'this path takes PUT, DELETE',
  ],
  [
    'a method of WebDAV',
    ...(['PROPFIND', auth, undefined, 405, undefined] as const),
    'this path takes PUT, DELETE',
  ],
  ['a bad escape', 'GET', '/v1/apps/%zz', undefined, 400, undefined, 'the request is malformed'],
];
for (const [what, method, path, body, status, field, detail] of refusals)
  test(`refused with ${status}: ${what}`, async () => {
    const answer = await ingest.call(method, path, body);
    assert.equal(answer.status, status);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const problem = answer.body as Record<string, unknown>;
    assert.equal(problem.status, status);
    assert.equal(problem.type, 'about:blank');
    assert.equal(problem.field, field);
    assert.equal(problem.detail, detail);
  });

test('what is not HTTP is answered as a problem too', async () => {
  const cases: readonly [request: string, status: number][] = [
    ['NONSENSE\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ];
  for (const [request, status] of cases) {
    const socket = connect(ingest.running.port, '127.0.0.1');
    socket.write(request);
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    assert.match(text, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(text, /application\/problem\+json/);
    const [, body = ''] = text.split('\r\n\r\n');
    assert.equal((JSON.parse(body) as { status: number }).status, status);
  }
});

test('every method that Node reads is known: 405 where the path exists', async () => {
  for (const method of METHODS.filter((name) => !['CONNECT', 'PUT', 'DELETE'].includes(name))) {
    const headers = { authorization: `Bearer ${apiKey}` };
    const call = request(ingest.url + auth, { method, headers }).end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    assert.deepEqual([answer.statusCode, answer.headers.allow], [405, 'PUT, DELETE'], method);
    answer.resume();
  }
});

test('only JSON is read', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
    const answer = await ingest.call('POST', post, '{"data":1}', { 'content-type': type });
    assert.equal(answer.status, 415, type);
    assert.equal(
      (answer.body as { detail: string }).detail,
      'send `Content-Type: application/json`',
    );
  }
  const charset = { 'content-type': 'application/json; charset=utf-8' };
  assert.equal((await ingest.call('POST', post, '{"data":1}', charset)).status, 202);
  const packed = await ingest.call('POST', post, '{"data":1}', { 'content-encoding': 'gzip' });
  assert.equal(packed.status, 415);
});

test('without a valid key nothing is carried out, and nothing is said about paths', async () => {
  const cases = ['', 'Bearer wrong', 'Basic dGhlLWtleQ==', 'the-key'];
  for (const authorization of cases)
    for (const [method, path] of [
      ['POST', post],
      ['DELETE', auth],
      ['PATCH', auth],
      ['GET', '/v1/apps/x/stream'],
    ] as const) {
      const answer = await ingest.call(method, path, undefined, { authorization });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="encke"');
      assert.equal((answer.body as { status: number }).status, 401);
    }
  const next = await ingest.call('GET', '/v1/apps/1/users/7', undefined, {
    authorization: 'Bearer the-next-key',
  });
  assert.equal(next.status, 200);
});

test('the documentation is public and documents every call', async () => {
  const page = await fetch(`${ingest.url}/docs`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /swagger/i);
  const document = (await (await fetch(`${ingest.url}/docs/json`)).json()) as {
    paths: Record<string, object>;
  };
  const calls = Object.entries(document.paths).map(([path, methods]) => [
    path,
    ...Object.keys(methods).sort(),
  ]);
  assert.deepEqual(calls.sort(), [
    ['/v1/apps/{app}/channels/{channel}', 'get'],
    ['/v1/apps/{app}/channels/{channel}/messages', 'delete', 'get', 'post'],
    ['/v1/apps/{app}/channels/{channel}/settings', 'put'],
    ['/v1/apps/{app}/channels/{channel}/subscribers', 'get'],
    ['/v1/apps/{app}/messages', 'post'],
    ['/v1/apps/{app}/revoked-tokens', 'delete', 'post'],
    ['/v1/apps/{app}/stream', 'get'],
    ['/v1/apps/{app}/users/{user}', 'get'],
    ['/v1/apps/{app}/users/{user}/auth', 'delete', 'put'],
    ['/v1/apps/{app}/users/{user}/data', 'get', 'put'],
    ['/v1/apps/{app}/users/{user}/disconnect', 'post'],
    ['/v1/apps/{app}/users/{user}/messages', 'delete', 'get', 'post'],
    ['/v1/status', 'get'],
  ]);
});

test('calls are counted by their route, not by what was asked for', async () => {
  await ingest.call('GET', '/v1/apps/1/users/4711');
  await ingest.call('GET', '/somewhere/4711');
  const text = await ingest.metricsText();
  assert.match(
    text,
    /encke_http_requests_total\{route="\/v1\/apps\/:app\/users\/:user",status="200"/,
  );
  assert.match(text, /encke_http_requests_total\{route="unknown",status="404"/);
  assert.match(text, /encke_http_request_seconds_bucket/);
  assert.doesNotMatch(text, /4711/);
  assert.ok((await ingest.metric('encke_messages_appended_total')) > 0);
});
