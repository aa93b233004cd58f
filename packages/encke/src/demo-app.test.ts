import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { startDemoApp } from './demo-app.ts';

/** Stands where ingest would. */
const calls: { call: string; key: string | undefined; body: Record<string, unknown> }[] = [];
let status = 204;
const ingest = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  calls.push({
    call: `${request.method} ${request.url}`,
    key: request.headers.authorization,
    body: JSON.parse(text),
  });
  const accepted = { id: 'e-1', seq: 1, sessions: 2, queued: false };
  response.writeHead(status).end(status === 202 ? JSON.stringify(accepted) : undefined);
});
let demo: Awaited<ReturnType<typeof startDemoApp>>;
before(async () => {
  ingest.listen(0, '127.0.0.1');
  await once(ingest, 'listening');
  const { port } = ingest.address() as AddressInfo;
  demo = await startDemoApp({
    ingest: `http://127.0.0.1:${port}`,
    apiKey: 'secret',
    app: 0,
    host: '127.0.0.1',
    port: 0,
  });
});
beforeEach(() => {
  calls.length = 0;
  status = 204;
});
after(async () => {
  await demo.stop();
  ingest.close();
  ingest.closeAllConnections();
});

interface Login {
  app: number;
  user: number;
  key: string;
  token: string;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${demo.port}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const login = async (body: unknown) => (await post('/login', body)).body as Login;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('a login tells Encke the key, and keeps it for the same user', async () => {
  const seven = await login({ user: 7 });
  assert.equal(seven.app, 0);
  assert.equal(seven.user, 7);
  assert.match(seven.key, /^[A-Za-z0-9_-]{32}$/);
  const call = { call: 'PUT /v1/apps/0/users/7/auth', key: 'Bearer secret' };
  const room = { ...call, call: 'PUT /v1/apps/0/channels/web_lobby/settings' };
  assert.deepEqual(calls, [
    { ...call, body: { hash: seven.key } },
    { ...room, body: { history: 50 } },
  ]);
  const again = await login({ user: 7 });
  assert.equal(again.key, seven.key);
  assert.notEqual(again.token, seven.token);
});

test('without a user number a free one is given', async () => {
  const [a, b] = [await login({}), await login({})];
  assert.ok(a.user >= 100 && b.user >= 100 && a.user !== b.user);
});

test('a message goes out with the sender that the login proves', async () => {
  const { token } = await login({ user: 7 });
  status = 202;
  const sent = await post('/messages', { to: 8, text: 'hi', from: 9 }, bearer(token));
  assert.equal(sent.status, 202);
  assert.deepEqual(sent.body, { sessions: 2, queued: false });
  const { call, body } = calls.at(-1) ?? {};
  assert.equal(call, 'POST /v1/apps/0/users/8/messages');
  const { data, ...rest } = body as { data: { from: number; text: string; at: number } };
  assert.deepEqual(rest, { event: 'chat' });
  assert.deepEqual([data.from, data.text], [7, 'hi']);
  assert.ok(Math.abs(Date.now() - data.at) < 60_000);
});

test('what is wrong is refused with a reason, and nothing is sent', async () => {
  const { token } = await login({ user: 7 });
  const told = calls.length;
  const cases: [string, unknown, Record<string, string>, number, RegExp][] = [
    ['/login', { user: 0 }, {}, 400, /`user`/],
    ['/login', { user: '7' }, {}, 400, /`user`/],
    ['/login', '[', {}, 400, /JSON object/],
    ['/login', { pad: 'x'.repeat(70_000) }, {}, 413, /too long/],
    ['/messages', { to: 8, text: 'hi' }, {}, 401, /log in/],
    ['/messages', { to: 8, text: 'hi' }, bearer('wrong'), 401, /log in/],
    ['/messages', { to: 1.5, text: 'hi' }, bearer(token), 400, /`to`/],
    ['/messages', { to: 8, text: ' ' }, bearer(token), 400, /`text`/],
    ['/messages', { to: 8, text: 'x'.repeat(4001) }, bearer(token), 400, /`text`/],
    ['/else', {}, {}, 404, /there are/],
  ];
  for (const [path, body, headers, code, reason] of cases) {
    const answer = await post(path, body, headers);
    assert.equal(answer.status, code);
    assert.match((answer.body as { error: string }).error, reason);
  }
  assert.equal(calls.length, told);
});

test('Redis away, Encke away: 503, 502', async () => {
  status = 503;
  assert.equal((await post('/login', { user: 7 })).status, 503);
  status = 500;
  assert.equal((await post('/login', { user: 7 })).status, 502);
});

test('pages of this machine may call it, others may not', async () => {
  const allowed = async (origin: string) => {
    const { headers } = await post('/login', { user: 7 }, { origin });
    return headers.get('access-control-allow-origin');
  };
  assert.equal(await allowed('http://127.0.0.1:8087'), 'http://127.0.0.1:8087');
  assert.equal(await allowed('http://localhost:8088'), 'http://localhost:8088');
  assert.equal(await allowed('https://evil.example'), null);
  assert.equal(await allowed('null'), null);
  const preflight = await fetch(`http://127.0.0.1:${demo.port}/messages`, {
    method: 'OPTIONS',
    headers: { origin: 'http://127.0.0.1:8087' },
  });
  assert.equal(preflight.status, 204);
  assert.equal(
    preflight.headers.get('access-control-allow-headers'),
    'authorization, content-type',
  );
});

test('headers that are nonsense get an answer, and end nothing', async () => {
  const origins = ['http://localhost:8087', 'http://[::', 'x', 'null', '\u00ff'];
  for (const host of ['[::', ':', 'a b', '%', '\u00ff', 'x:99999', '/', '@', ''])
    for (const origin of origins) {
      const call = request({
        ...{ port: demo.port, path: '/login', method: 'POST' },
        headers: { host, origin },
        signal: AbortSignal.timeout(10_000),
      });
      const answered = once(call, 'response');
      call.end('{}');
      const [response] = (await answered) as [IncomingMessage];
      assert.ok([200, 400].includes(response.statusCode ?? 0), `${host}: ${response.statusCode}`);
      const trusted = response.statusCode === 200 && origin === origins[0];
      assert.equal(response.headers['access-control-allow-origin'], trusted ? origin : undefined);
      response.resume();
    }
});
