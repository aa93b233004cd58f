import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { v1 } from '@encke/protocol';
import { makeCertificate, noOpenssl, startRedis } from '@encke/testing';
import { WebSocket } from 'ws';
import { startTestGateway } from './gateway.fixture.ts';

test('with a certificate it serves wss, and who never begins with TLS does not hold up its stop', {
  skip: noOpenssl(),
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'encke-tls-'));
  const { cert, key } = makeCertificate(dir);
  const redis = await startRedis();
  const gateway = await startTestGateway({
    ...redis.env,
    ENCKE_TLS_CERT: cert,
    ENCKE_TLS_KEY: key,
  });
  try {
    const silent = connect(gateway.running.port, '127.0.0.1');
    silent.on('error', () => {});
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    const options = { rejectUnauthorized: false };
    const device = new WebSocket(`wss://${gateway.address}${v1.path}`, 'encke.v1', options);
    await once(device, 'open');
    const left = once(device, 'close');
    const start = performance.now();
    await gateway.stop();
    assert.ok(performance.now() - start < 15_000);
    await closed;
    await left;
  } finally {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  }
});
