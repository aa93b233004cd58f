/** Redis away: an error in time, never a false OK, and the same connection works on when it is back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, createMetrics, loadConfig } from '@encke/service';
import { eventually, type RedisServer, startProxy, startRedis } from '@encke/testing';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { startCometql } from './cometql.ts';

/** Milliseconds: a command's time and some for a busy machine. */
const slowest = 4_000;
const insert = (text: string) =>
  `INSERT INTO users_messages (id, event, message) VALUES (7, 'e', '${text}')`;
const statements = [
  insert('refused'),
  "INSERT INTO users_auth (id, hash) VALUES (7, 'refused')",
  'SELECT * FROM users_messages WHERE id = 7',
  'DELETE FROM users_messages WHERE id = 7',
  'SELECT * FROM users_time WHERE id = 7',
  "INSERT INTO pipes_messages (name, event, message) VALUES ('news', 'e', 'refused')",
];

async function start(redis: RedisServer, log = createLog('cometql', 'silent')) {
  const config = loadConfig({ ...redis.env, ENCKE_API_KEY: 'key', ENCKE_COMETQL_PORT: '0' });
  const running = await startCometql({ config, log, metrics: createMetrics('cometql') });
  const { port } = running;
  const options = { host: '127.0.0.1', port, user: '1', password: 'key' };
  const connection = await createConnection(options);
  return { running, connection };
}

async function refused(connection: Connection, statement: string): Promise<void> {
  const began = performance.now();
  await assert.rejects(connection.query(statement), (error: Error & { errno?: number }) => {
    assert.equal(error.errno, 1205, `${statement}: ${error.message}`);
    assert.match(error.message, /^Redis is away: /);
    return true;
  });
  assert.equal(performance.now() - began < slowest, true, `${statement} took too long`);
}

async function messages(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT message FROM users_messages WHERE id = 7',
  );
  return rows.map(({ message }) => message);
}

test('Redis hangs: errors, and the same connection works on', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const { running, connection } = await start(redis);
  t.after(() => running.stop());
  await connection.query(insert('before'));
  redis.pause();
  for (const statement of statements) await refused(connection, statement);
  await connection.ping();
  redis.resume();
  await eventually(() => connection.query(insert('after')));
  assert.deepEqual(await messages(connection), ['before', 'after']);
  connection.destroy();
});

test('what is too much for one answer in time of Redis goes there in parts', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const proxy = await startProxy({ target: redis.port });
  t.after(() => proxy.stop());
  const env = { ENCKE_REDIS_URL: `redis://${proxy.address}` };
  const { running, connection } = await start({ ...redis, env });
  t.after(() => running.stop());
  // 15 MB, through a line that takes a second and more for them.
  proxy.narrow(5);
  const text = 'x'.repeat(60_000);
  const rows = Array.from({ length: 250 }, (_, i) => `(${(i % 5) + 1}, '${i} ${text}')`);
  await connection.query(`INSERT INTO users_messages (id, message) VALUES ${rows.join(', ')}`);
  proxy.heal();
  const [found] = await connection.query<RowDataPacket[]>(
    'SELECT message FROM users_messages WHERE id IN (1, 2)',
  );
  const numbers = found.map(({ message }) => Number.parseInt(message, 10));
  const expected = (user: number) => Array.from({ length: 50 }, (_, i) => i * 5 + user - 1);
  assert.deepEqual(numbers, [...expected(1), ...expected(2)]);
  connection.destroy();
});

test('Redis is there, but full: the log says so', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  const { running, connection } = await start(redis, createLog('cometql', 'warn', { write }));
  t.after(() => running.stop());
  await redis.cli('CONFIG', 'SET', 'maxmemory', '1');
  await refused(connection, insert('refused'));
  assert.equal(lines[0]?.why, 'Redis is away: OOM');
  connection.destroy();
});

test('Redis is gone: errors at once, also for a client that comes now', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const { running, connection } = await start(redis);
  t.after(() => running.stop());
  await redis.kill();
  for (const statement of statements) await refused(connection, statement);
  await eventually(() => assert.equal(running.unready(), 'Redis is away: ECONNREFUSED'));
  const late = await createConnection({
    ...{ host: '127.0.0.1', port: running.port, user: '1', password: 'key' },
    database: 'CometQL_v1',
  });
  await late.query('SELECT 1');
  await refused(late, insert('refused'));
  await redis.restartEmpty();
  for (const one of [connection, late])
    await eventually(() => one.query(insert('after')), { timeout: 20_000 });
  assert.deepEqual(await messages(connection), ['after', 'after']);
  late.destroy();
  connection.destroy();
});
