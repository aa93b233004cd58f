/** What callers notice when ingest is told to stop. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  eventually,
  makeCertificate,
  noOpenssl,
  type RedisServer,
  startRedis,
} from '@encke/testing';
import { apiKey, startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { openStream } from './stream.fixture.ts';

async function withIngest(
  env: Record<string, string>,
  work: (ingest: TestIngest, redis: RedisServer) => Promise<void>,
): Promise<void> {
  const redis = await startRedis();
  const ingest = await startTestIngest({ ...redis.env, ...env });
  try {
    await work(ingest, redis);
  } finally {
    redis.resume();
    await ingest.stop();
    await redis.stop();
  }
}

/** A drain ends this connection too, and is not held up by it. */
async function drainEnds(running: TestIngest['running'], socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  const start = performance.now();
  await running.drain();
  assert.ok(performance.now() - start < 15_000);
  await closed;
}

const refusesConnections = (port: number) =>
  eventually(async () => {
    const socket = connect(port, '127.0.0.1');
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => 'connected'),
      once(socket, 'error').then(() => 'refused'),
    ]).catch(() => 'refused');
    socket.destroy();
    assert.equal(outcome, 'refused');
  });

test('drain: calls in flight are answered, kept connections end, nothing new is accepted', () =>
  withIngest({}, async ({ running, url }, redis) => {
    const agent = new Agent({ keepAlive: true });
    const post = (body: string) => {
      const call = request(`${url}/v1/apps/1/users/7/messages`, {
        method: 'POST',
        agent,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      });
      call.end(body);
      return once(call, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
    };
    // One connection becomes idle, one has a call in flight while Redis is frozen.
    const [first] = await post('{"data":1}');
    first.resume();
    await eventually(() => assert.equal(Object.keys(agent.freeSockets).length, 1));
    redis.pause();
    const flying = post('{"data":2}');
    const idle = connect(running.port, '127.0.0.1');
    await once(idle, 'connect');
    const idleEnded = once(idle, 'close');
    assert.equal(running.unready(), undefined);
    const drained = running.drain();
    assert.equal(running.unready(), 'draining');
    await refusesConnections(running.port);
    redis.resume();
    const [response] = await flying;
    assert.equal(response.statusCode, 202);
    response.resume();
    idle.destroy();
    await idleEnded;
    await drained;
    agent.destroy();
  }));

test('drain: a stream gets the answers of what Redis has, then 1001', () =>
  withIngest({}, async (ingest, redis) => {
    const stream = await openStream(ingest.streamUrl());
    redis.pause();
    const lines = Array.from({ length: 1_500 }, (_, ref) => ({ ref, user: 7, data: ref }));
    stream.send(lines);
    await eventually(async () => assert.equal(await ingest.metric('encke_stream_inflight'), 1_000));
    const drained = ingest.running.drain();
    redis.resume();
    assert.equal(await stream.closed, 1001);
    await drained;
    assert.equal(stream.answers.length, 1_500);
    for (const { ref, seq, error } of stream.answers) {
      if (Number(ref) < 1_000) assert.equal(seq, Number(ref) + 1);
      else assert.deepEqual([error?.status, error?.stored], [503, 'no']);
    }
  }));

test('drain: a peer that does not answer the close does not hold it up', () =>
  withIngest({}, async (ingest) => {
    const stream = await openStream(ingest.streamUrl());
    stream.socket.pause();
    const start = performance.now();
    await ingest.running.drain();
    assert.ok(performance.now() - start < 15_000);
    stream.socket.terminate();
  }));

test('drain: a call that does not end is cut off after the drain time', () =>
  withIngest({ ENCKE_DRAIN_SECONDS: '1' }, async ({ running }) => {
    const socket = connect(running.port, '127.0.0.1');
    socket.on('error', () => {});
    const head = `POST /v1/apps/1/users/7/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${apiKey}\r\n`;
    socket.write(`${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`);
    await once(socket, 'connect');
    await drainEnds(running, socket);
  }));

const skip = noOpenssl();

/** Paths of a certificate and its key, for what is done with them. */
async function withCertificate(
  work: (files: { ENCKE_TLS_CERT: string; ENCKE_TLS_KEY: string }) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'encke-tls-'));
  const { cert, key } = makeCertificate(dir);
  try {
    await work({ ENCKE_TLS_CERT: cert, ENCKE_TLS_KEY: key });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test('with a certificate it serves https', { skip }, () =>
  withCertificate((files) =>
    withIngest(files, async ({ url }) => {
      for (const headers of [
        { connection: 'close' },
        { connection: 'close, upgrade', upgrade: 'h2c' },
      ]) {
        const call = secureRequest(`${url}/v1/apps/1/users/7`, {
          rejectUnauthorized: false,
          headers: { authorization: `Bearer ${apiKey}`, ...headers },
        });
        call.end();
        const [response] = (await once(call, 'response')) as [
          { statusCode: number; resume(): void },
        ];
        assert.equal(response.statusCode, 200);
        response.resume();
      }
    }),
  ),
);

test('drain: who never begins with TLS does not hold it up', { skip }, () =>
  withCertificate((files) =>
    withIngest({ ENCKE_DRAIN_SECONDS: '1', ...files }, async ({ running }) => {
      const socket = connect(running.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      await drainEnds(running, socket);
    }),
  ),
);
