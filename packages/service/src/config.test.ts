import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError, loadConfig, unknownVariables, variables } from './config.ts';

function faults(env: Record<string, string | undefined>): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map((fault) => `${fault.variable} ${fault.rule}`);
  }
  return [];
}

test('nothing has to be set: the defaults', () => {
  assert.deepEqual(loadConfig({}), {
    redis: { url: 'redis://127.0.0.1:6379', mode: 'single' },
    prefix: 'encke',
    offlineTtl: 600,
    resumeWindow: 60,
    offlineGrace: 3,
    pingInterval: 25,
    pongTimeout: 10,
    inboxMax: 1000,
    deviceLimit: 16,
    apiKeys: [],
    jwt: {},
    host: '127.0.0.1',
    gatewayPort: 8087,
    ingestPort: 8080,
    cometqlPort: 3307,
    adminPort: 9464,
    sendBuffer: 1048576,
    maxMessage: 65536,
    trustedProxies: 0,
    drainSeconds: 20,
    allowedOrigins: [],
    logLevel: 'info',
  });
});

test('every variable arrives in its field', () => {
  const config = loadConfig({
    ENCKE_REDIS_URL: 'sentinel-a:26379, sentinel-b:26379',
    ENCKE_REDIS_MODE: 'sentinel',
    ENCKE_REDIS_MASTER: 'main',
    ENCKE_REDIS_PREFIX: 'test-7',
    ENCKE_API_KEY: 'new,old',
    ENCKE_JWT_JWKS_URL: 'https://id.example.com/keys',
    ENCKE_JWT_AUDIENCE: 'chat',
    ENCKE_JWT_ISSUER: 'https://id.example.com/',
    ENCKE_HOST: '0.0.0.0',
    ENCKE_GATEWAY_PORT: '1',
    ENCKE_INGEST_PORT: '2',
    ENCKE_COMETQL_PORT: '3',
    ENCKE_ADMIN_PORT: '0',
    ENCKE_OFFLINE_TTL: '4',
    ENCKE_INBOX_MAX: '5',
    ENCKE_RESUME_WINDOW: '6',
    ENCKE_DEVICE_LIMIT: '7',
    ENCKE_OFFLINE_GRACE: '0.5',
    ENCKE_PING_INTERVAL: '0.2',
    ENCKE_PONG_TIMEOUT: '1.5',
    ENCKE_SEND_BUFFER: '2048',
    ENCKE_MAX_MESSAGE: '1024',
    ENCKE_TRUSTED_PROXIES: '2',
    ENCKE_DRAIN_SECONDS: '0',
    ENCKE_ALLOWED_ORIGINS: 'https://www.example.com,http://localhost:3000/',
    ENCKE_TLS_CERT: '/etc/cert.pem',
    ENCKE_TLS_KEY: '/etc/key.pem',
    ENCKE_LOG_LEVEL: 'debug',
    ENCKE_DEMO_URL: 'http://127.0.0.1:4000/',
  });
  assert.deepEqual(config, {
    redis: { url: 'sentinel-a:26379, sentinel-b:26379', mode: 'sentinel', master: 'main' },
    prefix: 'test-7',
    offlineTtl: 4,
    resumeWindow: 6,
    offlineGrace: 0.5,
    pingInterval: 0.2,
    pongTimeout: 1.5,
    inboxMax: 5,
    deviceLimit: 7,
    apiKeys: ['new', 'old'],
    jwt: {
      jwksUrl: 'https://id.example.com/keys',
      audience: 'chat',
      issuer: 'https://id.example.com/',
    },
    host: '0.0.0.0',
    gatewayPort: 1,
    ingestPort: 2,
    cometqlPort: 3,
    adminPort: 0,
    sendBuffer: 2048,
    maxMessage: 1024,
    trustedProxies: 2,
    drainSeconds: 0,
    allowedOrigins: ['https://www.example.com', 'http://localhost:3000'],
    tls: { cert: '/etc/cert.pem', key: '/etc/key.pem' },
    logLevel: 'debug',
    demoUrl: 'http://127.0.0.1:4000',
  });
});

test('an empty variable counts as unset', () => {
  assert.deepEqual(loadConfig({ ENCKE_API_KEY: '', ENCKE_INBOX_MAX: ' ' }), loadConfig({}));
});

test('all faults are listed at once, in the order of the list', () => {
  assert.deepEqual(
    faults({ ENCKE_LOG_LEVEL: 'loud', ENCKE_GATEWAY_PORT: '65536', ENCKE_REDIS_MODE: 'many' }),
    [
      'ENCKE_REDIS_MODE must be one of single, cluster, sentinel',
      'ENCKE_GATEWAY_PORT must be a port from 0 to 65535 (0 picks a free one)',
      'ENCKE_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent',
    ],
  );
});

test('faults between variables are listed with the others, as far as these can be told', () => {
  assert.deepEqual(
    faults({
      ENCKE_REDIS_URL: 'localhost',
      ENCKE_REDIS_MASTER: 'main',
      ENCKE_PING_INTERVAL: 'x',
      ENCKE_MAX_MESSAGE: 'y',
      ENCKE_SEND_BUFFER: '1024',
      ENCKE_TLS_CERT: '/etc/cert.pem',
    }),
    [
      'ENCKE_REDIS_URL must be one redis:// or rediss:// URL',
      'ENCKE_REDIS_MASTER has a meaning only with ENCKE_REDIS_MODE=sentinel',
      'ENCKE_PING_INTERVAL must be a number of seconds from 0.1 to 3600',
      'ENCKE_MAX_MESSAGE must be a whole number of bytes from 1024 to 16777216',
      'ENCKE_TLS_KEY must be set together with ENCKE_TLS_CERT',
    ],
  );
  assert.deepEqual(faults({ ENCKE_REDIS_MODE: 'many', ENCKE_REDIS_URL: 'localhost' }), [
    'ENCKE_REDIS_MODE must be one of single, cluster, sentinel',
  ]);
});

test('no fault holds the value that was given', () => {
  assert.throws(
    () => loadConfig({ ENCKE_API_KEY: 'my secret', ENCKE_REDIS_URL: 'http://:secret@x' }),
    (error: Error) => !error.message.includes('secret'),
  );
  assert.throws(
    () => loadConfig({ ENCKE_REDIS_URL: 'redis://:secret%zz@x' }),
    (error: Error) => error instanceof ConfigError && !error.message.includes('secret'),
  );
});

const rules: Record<string, [env: Record<string, string>, fault: string][]> = {
  ENCKE_REDIS_URL: [
    [{ ENCKE_REDIS_URL: 'localhost:6379' }, 'must be one redis:// or rediss:// URL'],
    [{ ENCKE_REDIS_URL: 'redis://a:1,redis://b:2' }, 'must be one redis:// or rediss:// URL'],
    [
      { ENCKE_REDIS_URL: 'a:1,b', ENCKE_REDIS_MODE: 'cluster' },
      'must be one or more host:port, separated by commas, in cluster mode',
    ],
    ...['a:1,b:2/1', 'redis://a:1/12/'].map((url): [Record<string, string>, string] => [
      { ENCKE_REDIS_URL: url, ENCKE_REDIS_MODE: 'cluster' },
      'must not have a database number in cluster mode: a cluster has database 0 only',
    ]),
    ...[
      'redis://h:6379/?db=1',
      'redis://h:6379?family=6',
      'redis://h:6379/#1',
      'redis://h:6379#',
      'redis://h:6379/one',
      'redis://h:6379/1/2',
      'redis://h:6379//',
    ].map((url): [Record<string, string>, string] => [
      { ENCKE_REDIS_URL: url },
      'may have a database number behind the host and port, and nothing else: no path, no ?, no #',
    ]),
    [{ ENCKE_REDIS_URL: 'redis:///1' }, 'must be one redis:// or rediss:// URL'],
    [{ ENCKE_REDIS_URL: 'redis://h:/1' }, 'must be one redis:// or rediss:// URL'],
    [{ ENCKE_REDIS_URL: 'redis://:50%zz@h' }, 'must have %25 for a % in the user or password'],
    [{ ENCKE_REDIS_URL: 'redis://%ff:x@h' }, 'must have %25 for a % in the user or password'],
    [
      { ENCKE_REDIS_URL: 'redis://:50%@a:1,b:2', ENCKE_REDIS_MODE: 'cluster' },
      'must have %25 for a % in the user or password',
    ],
  ],
  ENCKE_REDIS_MASTER: [
    [{ ENCKE_REDIS_MODE: 'sentinel', ENCKE_REDIS_URL: 'a:1' }, 'must be set in sentinel mode'],
    [{ ENCKE_REDIS_MASTER: 'main' }, 'has a meaning only with ENCKE_REDIS_MODE=sentinel'],
  ],
  ENCKE_REDIS_PREFIX: [
    [{ ENCKE_REDIS_PREFIX: 'a{b}' }, 'must be 1 to 32 characters of A-Z a-z 0-9 _ . : -'],
  ],
  ENCKE_API_KEY: [
    [
      { ENCKE_API_KEY: 'a,,b' },
      'must be keys of 1 to 256 visible ASCII characters, separated by commas',
    ],
    [
      { ENCKE_API_KEY: 'schlüssel' },
      'must be keys of 1 to 256 visible ASCII characters, separated by commas',
    ],
  ],
  ENCKE_ADMIN_PORT: [
    [{ ENCKE_ADMIN_PORT: '-1' }, 'must be a port from 0 to 65535 (0 picks a free one)'],
    [{ ENCKE_ADMIN_PORT: '80.5' }, 'must be a port from 0 to 65535 (0 picks a free one)'],
  ],
  ENCKE_PING_INTERVAL: [
    [{ ENCKE_PING_INTERVAL: '0' }, 'must be a number of seconds from 0.1 to 3600'],
    [{ ENCKE_PING_INTERVAL: '25s' }, 'must be a number of seconds from 0.1 to 3600'],
    [{ ENCKE_PING_INTERVAL: '1e3' }, 'must be a number of seconds from 0.1 to 3600'],
  ],
  ENCKE_OFFLINE_TTL: [
    [{ ENCKE_OFFLINE_TTL: '1.5' }, 'must be a whole number of seconds from 1 to 604800'],
  ],
  ENCKE_SEND_BUFFER: [
    [{ ENCKE_SEND_BUFFER: '2000' }, 'must be at least ENCKE_MAX_MESSAGE: one message has to fit'],
  ],
  ENCKE_ALLOWED_ORIGINS: [
    [
      { ENCKE_ALLOWED_ORIGINS: 'example.com' },
      'must be origins such as https://www.example.com, separated by commas',
    ],
    ...[
      'https://example.com/path',
      'https://*.example.com',
      '*',
      'null',
      'https://me@example.com',
      'https://example.com?page',
      'https://example.com#part',
    ].map((value): [Record<string, string>, string] => [
      { ENCKE_ALLOWED_ORIGINS: `https://www.example.com, ${value}` },
      'must be origins such as https://www.example.com, separated by commas',
    ]),
  ],
  ENCKE_JWT_JWKS_URL: [
    [{ ENCKE_JWT_JWKS_URL: 'id.example.com/keys' }, 'must be an http:// or https:// URL'],
    [
      { ENCKE_JWT_JWKS_URL: 'https://me:pass@id.example.com' },
      'must be an http:// or https:// URL',
    ],
  ],
  ENCKE_JWT_PUBLIC_KEY: [
    [
      { ENCKE_JWT_PUBLIC_KEY: '/key.pem', ENCKE_JWT_JWKS_URL: 'https://id.example.com' },
      'must not be set together with ENCKE_JWT_JWKS_URL',
    ],
  ],
  ENCKE_TLS_KEY: [[{ ENCKE_TLS_CERT: 'a' }, 'must be set together with ENCKE_TLS_CERT']],
  ENCKE_TLS_CERT: [[{ ENCKE_TLS_KEY: 'a' }, 'must be set together with ENCKE_TLS_KEY']],
  ENCKE_DEMO_URL: [[{ ENCKE_DEMO_URL: 'localhost:4000' }, 'must be an http:// or https:// URL']],
};

for (const [variable, cases] of Object.entries(rules)) {
  test(`${variable}: a broken rule is named`, () => {
    for (const [env, rule] of cases) assert.deepEqual(faults(env), [`${variable} ${rule}`]);
  });
}

test('addresses that are fine', () => {
  for (const env of [
    { ENCKE_REDIS_URL: 'rediss://user:pass@redis.example.com:6380/2' },
    { ENCKE_REDIS_URL: 'redis://[::1]:6379' },
    { ENCKE_REDIS_URL: 'redis://redis' },
    { ENCKE_REDIS_URL: 'redis://redis/' },
    { ENCKE_REDIS_URL: 'redis://:50%25%3F%23@redis/3/' },
    { ENCKE_REDIS_URL: '10.0.0.1:7000,[::1]:7001,redis:7002', ENCKE_REDIS_MODE: 'cluster' },
    { ENCKE_REDIS_URL: 'rediss://me:pass@a:7000,b:7000', ENCKE_REDIS_MODE: 'cluster' },
    { ENCKE_REDIS_URL: 'a:7000,b:7000/0', ENCKE_REDIS_MODE: 'cluster' },
    { ENCKE_HOST: '::' },
  ])
    assert.deepEqual(faults(env), []);
});

test('what docker-compose.yml takes from .env, which it hands to the processes as well, is not named as unknown', () => {
  const file = readFileSync(new URL('../../../docker-compose.yml', import.meta.url), 'utf8');
  const names = [...file.matchAll(/\$\{(ENCKE_\w+)/g)].map(([, name = '']) => name);
  assert.ok(names.includes('ENCKE_IMAGE'));
  const env = Object.fromEntries([...names, 'ENCKE_PING_INTERVALL'].map((name) => [name, '1']));
  assert.deepEqual(unknownVariables(env), ['ENCKE_PING_INTERVALL']);
});

test('.env.example lists every variable once, commented out, with its default', () => {
  const file = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
  const lines = [...file.matchAll(/^# ?(ENCKE_[A-Z_]+)=(.*)$/gm)];
  assert.deepEqual(lines.map(([, name]) => name).sort(), Object.keys(variables).sort());
  assert.equal(/^ENCKE_/m.test(file), false);
  for (const [, name = '', value] of lines) {
    const parse = variables[name as keyof typeof variables];
    const fallback = parse(undefined);
    if (typeof fallback === 'number' || typeof fallback === 'string')
      assert.equal(value, String(fallback), name);
  }
});
