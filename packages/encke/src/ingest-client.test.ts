import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeCertificate, noOpenssl } from '@encke/testing';
import { run } from './command-line.ts';

/** Stands where ingest would: it records what the verb calls, and answers what the test wants. */
const calls: { call: string; key: string | undefined; body: unknown }[] = [];
let answer: { status: number; body?: unknown; text?: string } = { status: 204 };
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  calls.push({
    call: `${request.method} ${request.url}`,
    key: request.headers.authorization,
    body: text === '' ? undefined : JSON.parse(text),
  });
  const { status, body, text: raw = body && JSON.stringify(body) } = answer;
  response.writeHead(status).end(raw);
});
const state = mkdtempSync(join(tmpdir(), 'encke-verbs-'));
let url = '';
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(state, { recursive: true });
});

async function encke(argv: string[], env: Record<string, string> = { ENCKE_API_KEY: 'k1,k2' }) {
  calls.length = 0;
  let [out, notes] = ['', ''];
  const code = await run([...argv, '--state', state], {
    env,
    entry: '',
    say: (text) => {
      out += text;
    },
    note: (text) => {
      notes += text;
    },
  });
  return { code, out, notes };
}

const at = () => ['--url', `${url}/`];

test('auth stores the given hash and prints it alone on stdout', async () => {
  answer = { status: 204 };
  const { code, out } = await encke(['auth', '7', 'abc', '--app', '3', ...at()]);
  assert.equal(code, 0);
  assert.equal(out, 'abc');
  assert.deepEqual(calls, [
    { call: 'PUT /v1/apps/3/users/7/auth', key: 'Bearer k1', body: { hash: 'abc' } },
  ]);
});

test('auth without a hash makes one of 32 characters, another each time', async () => {
  answer = { status: 204 };
  const first = await encke(['auth', '7', ...at()]);
  assert.match(first.out, /^[A-Za-z0-9_-]{32}$/);
  assert.deepEqual(calls[0]?.body, { hash: first.out });
  assert.notEqual((await encke(['auth', '7', ...at()])).out, first.out);
});

test('auth refuses an empty hash, which would lock the user out', async () => {
  const { code, out, notes } = await encke(['auth', '7', '', ...at()]);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(notes, /^the hash is empty/);
  assert.deepEqual(calls, []);
});

test('send takes data as JSON if it is JSON, else as a string', async () => {
  answer = { status: 202, body: { id: 'e-1', seq: 1, sessions: 2, queued: false } };
  const cases: [string, unknown][] = [
    ['hello', 'hello'],
    ['42', 42],
    ['"42"', '42'],
    ['{"a":[1]}', { a: [1] }],
    ['null', null],
    ['{"a":', '{"a":'],
    ['', ''],
  ];
  for (const [text, data] of cases) {
    const { code, out } = await encke(['send', '7', 'ev', text, '--key', 'k9', ...at()]);
    assert.equal(code, 0);
    assert.equal(out, 'e-1: told 2 sessions');
    assert.deepEqual(calls, [
      { call: 'POST /v1/apps/0/users/7/messages', key: 'Bearer k9', body: { event: 'ev', data } },
    ]);
  }
  await encke([...['send', '7', 'n', '--ttl', '5', ...at(), '--state', state, '--'], '-1']);
  assert.equal(
    calls.length,
    0,
    'what follows -- is no option, so --state is one argument too many',
  );
});

test('send says when nobody is connected', async () => {
  answer = { status: 202, body: { id: 'e-2', seq: 2, sessions: 0, queued: true } };
  const { out } = await encke(['send', '7', '', 'x', '--ttl', '5', ...at()]);
  assert.equal(out, 'e-2: nobody is connected, it waits in the inbox');
  assert.deepEqual(calls[0]?.body, { event: '', data: 'x', ttl: 5 });
});

test('publish says how many were told', async () => {
  answer = { status: 202, body: { subscribers: 1 } };
  const argv = ['publish', 'news', 'ev', '{"a":1}', '--app', '3', ...at()];
  assert.equal((await encke(argv)).out, 'told 1 subscriber');
  assert.deepEqual(calls, [
    {
      call: 'POST /v1/apps/3/channels/news/messages',
      key: 'Bearer k1',
      body: { event: 'ev', data: { a: 1 } },
    },
  ]);
  answer = { status: 202, body: { subscribers: 0 } };
  assert.equal((await encke(['publish', 'news', '', 'x', ...at()])).out, 'told 0 subscribers');
});

test('top --once looks twice and prints one table', async () => {
  const gateways = [{ node: 'n1', sessions: 1, connections: 2, unconfirmed: 0, since: 100 }];
  answer = {
    status: 200,
    body: {
      ...{ usersOnline: 1, sessions: 1, connections: 2, unconfirmed: 0, messages: 5, uptime: 60 },
      ...{ gateways, redisMilliseconds: 0.5 },
    },
  };
  const { code, out } = await encke(['top', '--once', '--every', '1', ...at()]);
  assert.equal(code, 0);
  assert.deepEqual(
    calls.map(({ call }) => call),
    ['GET /v1/status', 'GET /v1/status'],
  );
  assert.match(out, /^users online {2}sessions /);
  assert.match(out, /^n1 +1 +2 +0 +0:01:00$/m);
});

test('user shows presence and sessions', async () => {
  answer = { status: 200, body: { online: false, lastSeen: null, queued: 3, sessions: [] } };
  assert.equal(
    (await encke(['user', '7', ...at()])).out,
    'user 7: offline, never seen, 3 undelivered',
  );
  const session = { session: 'n1.1', device: 'd', node: 'n1', since: 1_700_000_000 };
  answer.body = { online: true, lastSeen: 1_700_000_000, queued: 0, sessions: [session] };
  assert.equal(
    (await encke(['user', '7', ...at()])).out,
    'user 7: online, 0 undelivered\n  session n1.1  device d  node n1  since 2023-11-14T22:13:20Z',
  );
  assert.deepEqual(JSON.parse((await encke(['user', '7', '--json', ...at()])).out), answer.body);
});

test('a problem is said in one sentence, with exit code 1', async () => {
  answer = {
    status: 400,
    body: { type: 'about:blank', title: 'Bad Request', detail: '`user` must be an integer' },
  };
  assert.deepEqual(await encke(['user', '../x', ...at()]), {
    code: 1,
    out: '',
    notes: 'ingest answered 400. Bad Request: `user` must be an integer.',
  });
  assert.equal(calls[0]?.call, 'GET /v1/apps/0/users/..%2Fx');
  answer = { status: 401, body: { title: 'Unauthorized' } };
  assert.match((await encke(['user', '7', ...at()])).notes, /Give the API key with --key/);
});

test('something else answers there: that is said', async () => {
  answer = { status: 200, text: '<h1>It works!</h1>' };
  for (const verb of [
    ['user', '7'],
    ['auth', '7', 'abc'],
    ['send', '7', 'note', 'hello'],
  ])
    assert.deepEqual(await encke([...verb, ...at()]), {
      code: 1,
      out: '',
      notes: `What answers at ${url} is not ingest: its answer is not JSON. Is \`encke up\` running? --url names another place.`,
    });
});

test('a redirect is not followed, which would make a GET of a POST: where to is said', async () => {
  const called: string[] = [];
  const balancer = createServer(({ method, url: path = '', headers }, response) => {
    called.push(`${method} ${path}`);
    if (path.startsWith('/v1/'))
      response.writeHead(301, { location: `http://${headers.host}/api${path}` }).end();
    else response.end('{"messages":[]}');
  });
  balancer.listen(0, '127.0.0.1');
  await once(balancer, 'listening');
  const place = `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`;
  try {
    const { code, out, notes } = await encke(['send', '7', 'ev', 'x', '--url', place]);
    assert.deepEqual(called, ['POST /v1/apps/0/users/7/messages']);
    assert.equal(
      notes,
      `What answers at ${place} says that ingest is elsewhere: ${place}/api/v1/apps/0/users/7/messages. --url names another place.`,
    );
    assert.equal(out, '');
    assert.equal(code, 1);
  } finally {
    balancer.close();
    balancer.closeAllConnections();
  }
});

test('nobody listens, no key: what to do', async () => {
  const gone = await encke(['user', '7', '--url', 'http://127.0.0.1:1']);
  assert.equal(gone.code, 1);
  assert.match(
    gone.notes,
    /^ingest at http:\/\/127\.0\.0\.1:1 is not there \(bad port\)\. Is `encke up` running/,
  );
  const keyless = await encke(['user', '7'], {});
  assert.equal(keyless.code, 2);
  assert.match(keyless.notes, /^No API key/);
});

test('a certificate that is not trusted, http where https is spoken: why it was not reached', {
  skip: noOpenssl(),
}, async () => {
  const { cert, key } = makeCertificate(state);
  const secure = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) });
  secure.listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const { port } = secure.address() as AddressInfo;
  try {
    const untrusted = await encke(['user', '7', '--url', `https://127.0.0.1:${port}`]);
    assert.equal(untrusted.code, 1);
    assert.match(untrusted.notes, /\(DEPTH_ZERO_SELF_SIGNED_CERT\)\. .*NODE_EXTRA_CA_CERTS/);
    const plain = await encke(['user', '7', '--url', `http://127.0.0.1:${port}`]);
    assert.match(plain.notes, /^ingest at http:\S+ is not there \([A-Z_]+\)\. Is `encke up`/);
  } finally {
    secure.close();
    secure.closeAllConnections();
  }
});

test('a key that HTTP cannot carry is refused, and not shown', async () => {
  for (const key of ['\u201csecret\u201d', 'sec\nret']) {
    const { code, notes } = await encke(['user', '7', '--key', key, ...at()]);
    assert.equal(code, 2);
    assert.match(notes, /^The API key has a character/);
    assert.doesNotMatch(notes, /secret|ret$/);
  }
  assert.deepEqual(calls, []);
});
