/** A sender that goes away in the middle of a body: its fault, so nothing is carried out and nobody is woken. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createLog } from '@encke/service';
import { type RedisServer, startRedis } from '@encke/testing';
import { apiKey, startTestIngest, type TestIngest } from './ingest.fixture.ts';

const logged: string[] = [];
let redis: RedisServer;
let ingest: TestIngest;
before(async () => {
  redis = await startRedis();
  const log = createLog('ingest', 'warn', { write: (line: string) => void logged.push(line) });
  ingest = await startTestIngest(redis.env, log);
});
after(async () => {
  await ingest?.stop();
  await redis?.stop();
});

const head = (method: string, path: string, length: string) =>
  `${method} ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${apiKey}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`;
const user = '/v1/apps/1/users/7';
const sized = 'content-length: 100';
const chunked = 'transfer-encoding: chunked';
const cases: readonly [what: string, request: string, end: 'destroy' | 'end'][] = [
  ['cut', `${head('POST', `${user}/messages`, sized)}{"data":`, 'destroy'],
  ['half closed', `${head('POST', `${user}/messages`, sized)}{"data":`, 'end'],
  ['cut in a chunk', `${head('POST', `${user}/messages`, chunked)}9\r\n{"da`, 'destroy'],
  ['not a chunk', `${head('POST', `${user}/messages`, chunked)}x\r\n`, 'end'],
];

async function hangUp(request: string, end: 'destroy' | 'end'): Promise<void> {
  const socket = connect(ingest.running.port, '127.0.0.1');
  socket.resume();
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await new Promise<void>((resolve) => socket.write(request, () => resolve()));
  socket[end]();
  await closed;
}

const waiting = async (): Promise<number> => {
  const { body } = await ingest.call('GET', `${user}/messages`);
  return (body as { messages: unknown[] }).messages.length;
};

test('a body that does not arrive is logged as no fault of ours', async () => {
  for (const [what, request, end] of cases) {
    await hangUp(request, end);
    // The server has read the end of that connection before the next one.
    assert.equal(await waiting(), 0, what);
    assert.deepEqual(logged, [], what);
  }
});

test('a call whose body does not arrive is not carried out, not even one that needs no body', async () => {
  assert.equal((await ingest.call('POST', `${user}/messages`, { data: 1 })).status, 202);
  await hangUp(`${head('DELETE', `${user}/messages`, sized)}{`, 'destroy');
  assert.equal(await waiting(), 1);
});
