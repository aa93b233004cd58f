import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAdmin } from './admin.ts';
import { createMetrics } from './metrics.ts';

test('health, readiness, metrics, and nothing else', async (t) => {
  let why: string | undefined = 'Redis is away';
  const admin = await startAdmin({
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics('gateway'),
    unready: () => why,
  });
  t.after(() => admin.stop());
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${admin.port}${path}`, { method });
    return [response.status, await response.text()] as const;
  };
  assert.deepEqual(await get('/healthz'), [200, 'alive\n']);
  assert.deepEqual(await get('/readyz'), [503, 'Redis is away\n']);
  why = undefined;
  assert.deepEqual(await get('/readyz?verbose'), [200, 'ready\n']);
  assert.equal((await get('/metrics'))[0], 200);
  assert.equal((await get('/'))[0], 404);
  assert.equal((await get('/metrics', 'POST'))[0], 405);
  assert.deepEqual(await get('/healthz', 'HEAD'), [200, '']);
});
