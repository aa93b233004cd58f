import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { freePorts } from './free-ports.ts';

const host = '127.0.0.1';

test('no port is given out twice, and none that an outgoing connection may take', async () => {
  const ports: number[] = [];
  while (ports.length < 1_500) ports.push(...(await freePorts(3, host)));
  assert.equal(new Set(ports).size, ports.length);
  assert.deepEqual(
    ports.filter((port) => port < 11_000 || port > 32_767),
    [],
  );
});

test('somebody can listen on them', async () => {
  const servers = (await freePorts(20, host)).map((port) => createServer().listen(port, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const next = await freePorts(100, host);
  for (const server of servers) {
    assert.ok(!next.includes((server.address() as AddressInfo).port));
    server.close();
  }
});

test('an address that is not of this machine is an error', async () => {
  await assert.rejects(freePorts(1, '203.0.113.1'), { code: 'EADDRNOTAVAIL' });
});
