/** The OpenAPI document is valid, and declares what the calls answer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { eventually, type RedisServer, startRedis } from '@encke/testing';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type Answer, startTestIngest, type TestIngest } from './ingest.fixture.ts';

interface Call {
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, object>> }>
  >;
}
type Document = Readonly<{ paths: Readonly<Record<string, Readonly<Record<string, Call>>>> }>;

let redis: RedisServer;
let ingest: TestIngest;
let document: Document;
before(async () => {
  redis = await startRedis();
  ingest = await startTestIngest(redis.env);
  document = (await ingest.call('GET', '/docs/json')).body as Document;
});
after(async () => {
  await ingest?.stop();
  await redis?.stop();
});

test('the document is valid OpenAPI', async () => {
  // The validator resolves references in what it is given.
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.deepEqual(errors ?? [], []);
  assert.ok(valid);
});

const user = '/v1/apps/{app}/users/{user}';
const channel = '/v1/apps/{app}/channels/{channel}';
const tokens = '/v1/apps/{app}/revoked-tokens';
const message = { data: 1 };
const token = { token: 'a.b.c' };
/** Every call, with a body that it takes and the status of its success. In an order in which all succeed. */
const calls: readonly [method: string, path: string, status: number, body?: unknown][] = [
  ['PUT', `${user}/auth`, 204, { hash: 'a' }],
  ['DELETE', `${user}/auth`, 204],
  ['POST', `${user}/messages`, 202, message],
  ['POST', '/v1/apps/{app}/messages', 202, [{ user: 7, ...message }]],
  ['GET', `${user}/messages`, 200],
  ['DELETE', `${user}/messages`, 200],
  ['GET', user, 200],
  ['POST', `${user}/disconnect`, 202, { reconnect: true }],
  ['GET', `${user}/data`, 404],
  ['PUT', `${user}/data`, 204, message],
  ['GET', `${user}/data`, 200],
  ['POST', tokens, 204, token],
  ['DELETE', tokens, 204, token],
  ['PUT', `${channel}/settings`, 204, { history: 9 }],
  ['POST', `${channel}/messages`, 202, message],
  ['GET', `${channel}/messages`, 200],
  ['DELETE', `${channel}/messages`, 200],
  ['GET', channel, 200],
  ['GET', `${channel}/subscribers`, 200],
  ['GET', '/v1/status', 200],
  ['GET', '/v1/apps/{app}/stream', 426],
];

const real = (path: string, app = '1') =>
  path.replace('{app}', app).replace('{user}', '7').replace('{channel}', 'news');

/** The call as declared; fails unless it declares this answer, with this type. */
function declared(method: string, path: string, answer: Answer, expected: number): Call {
  const what = `${method} ${path} ${expected}`;
  assert.equal(answer.status, expected, what);
  const call = document.paths[path]?.[method.toLowerCase()];
  const response = call?.responses[expected];
  assert.ok(call && response, `${what} is not declared`);
  const type = answer.headers.get('content-type')?.split(';')[0];
  assert.deepEqual(Object.keys(response.content ?? {}), type === undefined ? [] : [type], what);
  return call;
}

test('the answers are those that the document declares', async () => {
  const big = JSON.stringify('x'.repeat(17 * 1_048_576));
  const text = { 'content-type': 'text/plain' };
  for (const [method, path, status, body] of calls) {
    const ask = (given: unknown, headers = {}, app = '1') =>
      ingest.call(method, real(path, app), given, headers);
    const { requestBody } = declared(method, path, await ask(body), status);
    declared(method, path, await ask(body, { authorization: '' }), 401);
    if (path.includes('{app}')) declared(method, path, await ask(body, {}, '-1'), 400);
    assert.equal(requestBody !== undefined, body !== undefined, `${method} ${path}`);
    if (body === undefined) continue;
    declared(method, path, await ask(undefined), requestBody?.required ? 400 : status);
    declared(method, path, await ask(body, text), 415);
    declared(method, path, await ask(big), 413);
  }
});

test('what an outage and a drain answer is declared', async () => {
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { responses }] of Object.entries(methods)) {
      const content = Object.keys(responses[503]?.content ?? {});
      assert.deepEqual(content, ['application/problem+json'], `${method} ${path}`);
    }
});

test('every declared call is among these', () => {
  const named = new Set(calls.map(([method, path]) => `${method.toLowerCase()} ${path}`));
  for (const [path, methods] of Object.entries(document.paths))
    for (const method of Object.keys(methods))
      assert.ok(named.has(`${method} ${path}`), `${method} ${path}`);
});

test('the page loads its parts from where it is, also by plain HTTP', async () => {
  const { status, headers } = await fetch(`${ingest.url}/docs`);
  const policy = headers.get('content-security-policy') ?? '';
  assert.equal(status, 200);
  assert.match(policy, /script-src 'self'/);
  assert.doesNotMatch(policy, /upgrade-insecure-requests/);
});

const linux = { skip: process.platform !== 'linux' };

test(
  'who asks for the pages again and again, reads nothing and goes leaves no files open',
  linux,
  async () => {
    const files = () => readdirSync('/proc/self/fd').length;
    const before = files();
    const peer = connect(ingest.running.port, '127.0.0.1');
    await once(peer, 'connect');
    peer.pause();
    const path = '/docs/static/swagger-ui-bundle.js';
    peer.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(200));
    await eventually(() => assert.ok(files() > before + 2, 'nothing was opened'));
    peer.destroy();
    await eventually(() => assert.ok(files() < before + 20, `${before} files, then ${files()}`));
  },
);
