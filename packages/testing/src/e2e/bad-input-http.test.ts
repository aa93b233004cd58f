import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiError } from '@encke/testing';
import { type Innocent, openInnocent } from './innocent.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let innocent: Innocent;
before(async () => {
  stage = await openStage({ gateways: 1 });
  innocent = await openInnocent(stage);
});
after(() => stage?.close());

const bytes = (...values: number[]) => Buffer.from(values);
const json = (value: unknown) => JSON.stringify(value);
const text = (length: number) => 'x'.repeat(length);

type HttpCase = [
  what: string,
  method: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer> | undefined,
  status: number,
  field?: string,
];
const auth = (user: string, hash: unknown): [string, string, string] => [
  'PUT',
  `/users/${user}/auth`,
  json({ hash }),
];
const post = (body: unknown): [string, string, string] => [
  'POST',
  '/users/7/messages',
  typeof body === 'string' ? body : json(body),
];

const httpCases: HttpCase[] = [
  ['user id 0', ...auth('0', 'h'), 400, 'user'],
  ['user id -1', ...auth('-1', 'h'), 400, 'user'],
  ['ten digits', ...auth('1234567890', 'h'), 400, 'user'],
  ['a word as user', ...auth('seven', 'h'), 400, 'user'],
  ['hash of 33 characters', ...auth('7', 'secret'.padEnd(33, 'h')), 400, 'hash'],
  ['hash with a space', ...auth('7', 'secret h'), 400, 'hash'],
  ['hash that is a number', ...auth('7', 7), 400, 'hash'],
  ['event with a space', ...post({ event: 'secret event', data: 1 }), 400, 'event'],
  ['event of 65 characters', ...post({ event: text(65), data: 1 }), 400, 'event'],
  ['no data', ...post({ event: 'e' }), 400, 'data'],
  ['a field that is unknown', ...post({ data: 1, evnet: 'e' }), 400, 'evnet'],
  ['ttl 0', ...post({ data: 1, ttl: 0 }), 400, 'ttl'],
  ['ttl of eight days', ...post({ data: 1, ttl: 691_200 }), 400, 'ttl'],
  ['key with a space', ...post({ data: 1, idempotencyKey: 'secret key' }), 400, 'idempotencyKey'],
  ['64 KiB + 1', ...post({ data: text(65_537) }), 413, 'data'],
  ['64 KiB + 1 in UTF-8', ...post({ data: `${'é'.repeat(32_768)}x` }), 413, 'data'],
  ['invalid JSON', ...post('{"data":secret'), 400, 'body'],
  ['no object', ...post('[]'), 400, 'body'],
  ['an empty body', ...post(''), 400, 'body'],
  [
    'invalid UTF-8',
    'POST',
    '/users/7/messages',
    bytes(0x22, 0xff, 0x22) as Uint8Array<ArrayBuffer>,
    400,
    'body',
  ],
  ['a batch that is no list', 'POST', '/messages', '{}', 400, 'body'],
  [
    'a batch of 1,001',
    'POST',
    '/messages',
    json(Array(1_001).fill({ user: 7, data: 1 })),
    400,
    'body',
  ],
  ['an unknown path', 'GET', '/nothing', undefined, 404],
];

for (const [what, method, path, body, status, field] of httpCases)
  test(`ingest refuses ${what}: ${status}`, async () => {
    await assert.rejects(stage.api.raw(method, path, body), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, status, error.message);
      assert.match(error.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.equal(error.problem.status, status);
      assert.equal(error.problem.field, field, error.message);
      assert.ok(!error.message.includes('secret'), 'a value is never said back');
      return true;
    });
  });

test('ingest refuses a wrong key, no key and another content type', async () => {
  const attempt = (headers: Record<string, string>) =>
    stage.api.raw('POST', '/users/7/messages', '{"data":1}', headers);
  const status = (code: number) => (error: unknown) =>
    error instanceof ApiError && error.status === code;
  await assert.rejects(attempt({ authorization: 'Bearer wrong' }), status(401));
  await assert.rejects(attempt({ authorization: '' }), status(401));
  await assert.rejects(attempt({ 'content-type': 'text/plain' }), status(415));
  assert.deepEqual(await stage.api.undelivered(7), [], 'nothing of all that was stored');
  await innocent.undisturbed();
});
