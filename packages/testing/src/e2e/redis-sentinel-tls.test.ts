/** Sentinel and the master behind it are spoken to by TLS alone when the address says `rediss://`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import {
  eventually,
  makeCertificate,
  noOpenssl,
  type RedisServer,
  startProcess,
  startRedis,
} from '@encke/testing';
import { freePort, temporaryFolder } from '../guard.ts';

const password = 'p@ss';
const folder = temporaryFolder('encke-tls-');
const { cert, key } = noOpenssl() ? { cert: '', key: '' } : makeCertificate(folder.path);

/** In the words of a configuration file; the plain port stays, for the tests themselves. */
const tlsOf = (port: number) => [
  `tls-port ${port}`,
  `tls-cert-file ${cert}`,
  `tls-key-file ${key}`,
  `tls-ca-cert-file ${cert}`,
  'tls-auth-clients no',
  'tls-replication yes',
];
const asArguments = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const [name = '', ...values] = line.split(' ');
    return [`--${name}`, ...values];
  });

function lacking(): string | false {
  const without = noOpenssl();
  if (without) return without;
  const program = ['redis-server', 'valkey-server'].find(
    (name) => spawnSync(name, ['--version']).status === 0,
  );
  const asked = spawnSync(program ?? '', ['--port', '0', '--tls-port', '0', '--bind', 'nowhere']);
  const built = !/bad directive|TLS is not supported|without TLS/i.test(String(asked.stdout));
  return !built && 'this Redis is built without TLS';
}
const skip = lacking();

const servers: RedisServer[] = [];
let tlsPort = 0;
before(async () => {
  if (skip) return;
  const masterPort = await freePort();
  const master = await startRedis({ args: asArguments(tlsOf(masterPort)) });
  servers.push(master);
  tlsPort = await freePort();
  const sentinel = await startRedis({
    sentinel: [
      ...tlsOf(tlsPort),
      `sentinel monitor encke 127.0.0.1 ${masterPort} 1`,
      `sentinel auth-pass encke ${password}`,
    ],
  });
  servers.push(sentinel);
  await sentinel.cli('ACL', 'SETUSER', 'default', 'resetpass', `>${password}`);
  await master.cli('CONFIG', 'SET', 'requirepass', password);
});
after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  folder.remove();
});

const env = (more: Record<string, string> = {}) => ({
  ENCKE_REDIS_URL: `rediss://:${encodeURIComponent(password)}@127.0.0.1:${tlsPort}`,
  ENCKE_REDIS_MODE: 'sentinel',
  ENCKE_REDIS_MASTER: 'encke',
  ...more,
});

for (const name of ['gateway', 'worker'] as const) {
  test(`${name}: with TLS to both, it is ready`, { skip }, async () => {
    const one = await startProcess(name, env({ NODE_EXTRA_CA_CERTS: cert }));
    try {
      await eventually(async () => assert.equal(await one.ready(), 200));
    } finally {
      await one.stop();
    }
    assert.equal(await one.exited, 0, one.output);
  });
}

test('a certificate that nobody vouches for is not accepted', { skip }, async () => {
  const one = await startProcess('worker', env());
  try {
    assert.equal(await one.ready(), 503);
  } finally {
    await one.stop();
  }
});
