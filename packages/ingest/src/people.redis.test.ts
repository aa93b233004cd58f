import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cluster, openCluster } from '@encke/cluster';
import type { App, User } from '@encke/protocol';
import { type RedisServer, startRedis } from '@encke/testing';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';

let redis: RedisServer;
let ingest: TestIngest;
/** What stands in Redis, as another process sees it. */
let cluster: Cluster;
before(async () => {
  redis = await startRedis();
  ingest = await startTestIngest({ ENCKE_REDIS_URL: redis.url });
  cluster = await openCluster(ingest.config);
});
after(async () => {
  await ingest?.stop();
  await cluster?.close();
  await redis?.stop();
});

const app = 1 as App;
const dataPath = '/v1/apps/1/users/7/data';
const tokensPath = '/v1/apps/1/revoked-tokens';

test('public data: any JSON value, as it was sent', async () => {
  const { call } = ingest;
  const none = await call('GET', dataPath);
  assert.equal(none.status, 404);
  assert.equal((none.body as { detail: string }).detail, 'this user has no data');
  for (const data of [null, 0, '', "it's", [], { n: [1, '\u{1F600}'] }]) {
    const put = await call('PUT', dataPath, { data });
    assert.deepEqual([put.status, put.body], [204, undefined]);
    const got = await call('GET', dataPath);
    assert.deepEqual([got.status, got.body], [200, { data }]);
  }
  assert.equal((await call('GET', '/v1/apps/2/users/7/data')).status, 404);
  assert.equal(await cluster.data(app, 7 as User), '{"n":[1,"\u{1F600}"]}');
  const most = 'x'.repeat(65_536);
  assert.equal((await call('PUT', dataPath, { data: most })).status, 204);
});

test('a token is revoked and revoked no more, twice does no harm', async () => {
  const { call } = ingest;
  const token = 'e30.eyJ1c2VyX2lkIjo3fQ.c2ln';
  for (const path of [tokensPath, tokensPath]) {
    const answer = await call('POST', path, { token });
    assert.deepEqual([answer.status, answer.body], [204, undefined]);
  }
  assert.deepEqual(await cluster.revoked(app), [token]);
  for (const path of [tokensPath, tokensPath]) {
    const answer = await call('DELETE', path, { token });
    assert.deepEqual([answer.status, answer.body], [204, undefined]);
  }
  assert.deepEqual(await cluster.revoked(app), []);
  assert.equal((await call('POST', tokensPath, { token: 'x'.repeat(4_096) })).status, 204);
});

const tokenRule = '`token` must be 1 to 4096 visible ASCII characters';
const cases: [method: string, path: string, body: unknown, status: number, detail: string][] = [
  ['PUT', dataPath, {}, 400, '`data` is required'],
  ['PUT', dataPath, { data: 1, x: 1 }, 400, '`x` is not a field of this call'],
  ['PUT', dataPath, { dat: 1 }, 400, '`data` is required; `dat` is not a field of this call'],
  ['PUT', dataPath, [], 400, '`body` must be a JSON object'],
  ['PUT', dataPath, { data: 'x'.repeat(65_537) }, 413, '`data` must be at most 65536 bytes'],
  [
    'PUT',
    '/v1/apps/1/users/0/data',
    { data: 1 },
    400,
    '`user` must be an integer from 1 to 999999999',
  ],
  ['POST', tokensPath, {}, 400, tokenRule],
  ['POST', tokensPath, { token: '' }, 400, tokenRule],
  ['POST', tokensPath, { token: 7 }, 400, tokenRule],
  ['POST', tokensPath, { token: 'a b' }, 400, tokenRule],
  ['DELETE', tokensPath, { token: 'x'.repeat(4_097) }, 400, tokenRule],
  ['DELETE', tokensPath, undefined, 400, '`body` must be a JSON object'],
  ['POST', tokensPath, { token: 'a', ttl: 1 }, 400, '`ttl` is not a field of this call'],
  ['GET', tokensPath, undefined, 405, 'this path takes POST, DELETE'],
];
for (const [method, path, body, status, detail] of cases) {
  test(`${method} ${path} ${JSON.stringify(body)?.slice(0, 40)}: ${status}`, async () => {
    const answer = await ingest.call(method, path, body);
    assert.equal(answer.status, status);
    assert.equal((answer.body as { detail: string }).detail, detail);
  });
}

test('while Redis is away: 503, and nothing was stored', async (t) => {
  redis.pause();
  t.after(() => redis.resume());
  const answers = await Promise.all([
    ingest.call('PUT', dataPath, { data: 'away' }),
    ingest.call('GET', dataPath),
    ingest.call('POST', tokensPath, { token: 'a.b.c' }),
    ingest.call('DELETE', tokensPath, { token: 'a.b.c' }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 503, 503, 503],
  );
});
