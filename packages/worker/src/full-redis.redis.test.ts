/** A Redis that takes no writes: every job fails, again and again, until there is room. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, createMetrics, loadConfig } from '@encke/service';
import { eventually, startRedis } from '@encke/testing';
import { startWorker } from './index.ts';

test('a worker whose Redis throws keys away when it is full says so, once and as a line of the log', async (t) => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'volatile-lru'] });
  const config = loadConfig({ ENCKE_REDIS_URL: redis.url, ENCKE_API_KEY: 'test-api-key' });
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const printed = t.mock.method(console, 'warn', () => {});
  const metrics = createMetrics('worker');
  const worker = await startWorker({
    config,
    log: createLog('worker', 'info', { write }),
    metrics,
  });
  t.after(async () => {
    await worker.drain();
    await worker.stop();
    await redis.stop();
  });
  await eventually(async () => {
    // The last of its connections waits for jobs.
    assert.match(String(await redis.cli('INFO', 'commandstats')), /cmdstat_bzpopmin/);
  });
  const said = lines.map(({ level, policy }) => [level, policy]);
  assert.deepEqual(said, [['warn', 'volatile-lru']]);
  assert.equal(printed.mock.callCount(), 0);
});

test('a worker whose Redis is full asks it and says so now and then, and goes on when there is room', async (t) => {
  const redis = await startRedis();
  const config = loadConfig({ ENCKE_REDIS_URL: redis.url, ENCKE_API_KEY: 'test-api-key' });
  const lines: string[] = [];
  const log = createLog('worker', 'info', { write: (line) => void lines.push(line) });
  const worker = await startWorker({ config, log, metrics: createMetrics('worker') });
  t.after(async () => {
    await worker.drain();
    await worker.stop();
    await redis.stop();
  });
  const calls = async () => {
    const stats = String(await redis.cli('INFO', 'commandstats'));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1]);
  };
  await eventually(async () => assert.ok((await calls()) > 5));
  await redis.cli('CONFIG', 'SET', 'maxmemory', '100kb');
  await eventually(() => assert.match(lines[0] ?? '', /OOM/));
  const before = await calls();
  const questions = 300;
  for (let i = 0; i < questions; i += 1) await calls();
  const asked = (await calls()) - before;
  assert.ok(
    asked < questions / 2,
    `Redis was asked ${asked} times while we asked ${questions} times`,
  );
  assert.ok(lines.length < 10, `${lines.length} lines in the log`);
  await redis.cli('CONFIG', 'SET', 'maxmemory', '0');
  await redis.cli('ZADD', 'encke:{nodes}', Date.now() - 60_000, 'deadnodedead');
  await eventually(async () => assert.equal(await redis.cli('ZCARD', 'encke:{nodes}'), 0), {
    timeout: 20_000,
  });
});
