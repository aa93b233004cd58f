import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Listening } from './lifecycle.ts';

const file = fileURLToPath(new URL('./lifecycle.fixture.ts', import.meta.url));
const ports = { ENCKE_GATEWAY_PORT: '0', ENCKE_ADMIN_PORT: '0', ENCKE_DRAIN_SECONDS: '1' };

/** What the runner of the tests is told by its own variables is not for a process of ours. */
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('ENCKE_')),
);

function collect(child: ChildProcess) {
  const chunks: Buffer[] = [];
  child.stderr?.on('data', (chunk) => chunks.push(chunk));
  // Not 'close': Node does not emit it after a disconnect() on this side.
  const closed = once(child.stderr as NodeJS.ReadableStream, 'close');
  const ended = once(child, 'exit').then(async ([code]) => {
    await closed;
    return { code, log: Buffer.concat(chunks).toString() };
  });
  return { child, ended, output: () => Buffer.concat(chunks).toString() };
}

/** As `encke up` does it: with IPC. */
function forked(env: Record<string, string>) {
  const child = fork(file, {
    env: { ...inherited, ...ports, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return { ...collect(child), listening: once(child, 'message').then(([m]) => m as Listening) };
}

const admin = async (at: Listening, path: string) => {
  const response = await fetch(`http://127.0.0.1:${at.adminPort}${path}`);
  return { status: response.status, text: await response.text() };
};

test('tells its parent the ports it got, serves health and metrics, stops on SIGTERM', async () => {
  const { child, listening, ended } = forked({});
  const at = await listening;
  assert.equal(at.type, 'listening');
  assert.equal(at.name, 'gateway');
  assert.equal(at.node, 'n1');
  assert.ok(at.port > 0 && at.adminPort > 0 && at.port !== at.adminPort);
  assert.deepEqual(await admin(at, '/healthz'), { status: 200, text: 'alive\n' });
  assert.deepEqual(await admin(at, '/readyz'), { status: 200, text: 'ready\n' });
  assert.match((await admin(at, '/metrics')).text, /encke_process_cpu_seconds_total\{process=/);
  child.kill('SIGTERM');
  const { code, log } = await ended;
  assert.equal(code, 0);
  assert.ok(log.indexOf('drained') < log.indexOf('server closed'), log);
});

test('is unready, and alive, while it drains', async () => {
  const { child, listening, ended } = forked({ FIXTURE: 'drains-slowly' });
  const at = await listening;
  child.kill('SIGTERM');
  await once(child.stderr as NodeJS.ReadableStream, 'data');
  assert.deepEqual(await admin(at, '/readyz'), { status: 503, text: 'stopping\n' });
  assert.equal((await admin(at, '/healthz')).status, 200);
  assert.equal((await ended).code, 0);
});

test('names the variables that look like settings and are none', async () => {
  const { child, listening, ended } = forked({ ENCKE_PING_INTERVALL: 'secret', ENCKE_PORT: '1' });
  await listening;
  child.kill('SIGTERM');
  const { code, log } = await ended;
  assert.equal(code, 0);
  assert.match(log, /"variables":\["ENCKE_PING_INTERVALL","ENCKE_PORT"\],"msg":"no settings: /);
  assert.doesNotMatch(log, /secret/);
});

test('passes on why it is unready, and logs it', async () => {
  const { child, listening, ended, output } = forked({ FIXTURE: 'unready' });
  assert.deepEqual(await admin(await listening, '/readyz'), {
    status: 503,
    text: 'Redis is away\n',
  });
  while (!output().includes('not ready')) await once(child.stderr as NodeJS.ReadableStream, 'data');
  assert.match(output(), /"level":"warn".*"why":"Redis is away","msg":"not ready"/);
  child.kill('SIGTERM');
  await ended;
});

test('stops when the parent that forked it is gone', async () => {
  const { child, listening, ended } = forked({});
  await listening;
  child.disconnect();
  const { code, log } = await ended;
  assert.equal(code, 0);
  assert.match(log, /drained/);
});

test('a forked process leaves Ctrl-C to its parent', async () => {
  const { child, listening, ended } = forked({});
  const at = await listening;
  child.kill('SIGINT');
  assert.equal((await admin(at, '/readyz')).status, 200);
  child.kill('SIGTERM');
  assert.equal((await ended).code, 0);
});

test('Ctrl-C stops it when it was started by hand, also when it comes twice at once', async () => {
  const child = spawn(process.execPath, [...process.execArgv, file], {
    env: { ...inherited, ...ports, FIXTURE: 'drains-slowly' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const { ended } = collect(child);
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { code, log } = await ended;
  assert.equal(code, 0);
  assert.match(log, /server closed/);
});

test('a second signal ends it at once', async () => {
  const { child, listening, ended } = forked({
    FIXTURE: 'drains-for-ever',
    ENCKE_DRAIN_SECONDS: '60',
  });
  await listening;
  child.kill('SIGTERM');
  // Longer than what counts as the same signal: the time itself is what is tested.
  await sleep(600);
  child.kill('SIGTERM');
  assert.equal((await ended).code, 1);
});

test('a drain that hangs is ended after the drain time and five seconds', async () => {
  const { child, listening, ended } = forked({
    FIXTURE: 'drains-for-ever',
    ENCKE_DRAIN_SECONDS: '0',
  });
  await listening;
  const from = Date.now();
  child.kill('SIGTERM');
  const { code, log } = await ended;
  assert.equal(code, 1);
  assert.match(log, /did not stop in time/);
  assert.ok(Date.now() - from >= 4_900);
});

test('a bug ends the process with code 1 and is logged', async () => {
  const { ended } = forked({ FIXTURE: 'crashes' });
  const { code, log } = await ended;
  assert.equal(code, 1);
  assert.match(log, /uncaughtException/);
  assert.match(log, /a bug/);
});

test('a start that fails ends it with code 1', async () => {
  const { code, log } = await forked({ FIXTURE: 'start-fails' }).ended;
  assert.equal(code, 1);
  assert.match(log, /did not start/);
});

test('faults of the configuration are said in plain words, with code 2', async () => {
  const { code, log } = await forked({ ENCKE_INBOX_MAX: 'many', ENCKE_HOST: 'a b' }).ended;
  assert.equal(code, 2);
  assert.equal(
    log,
    [
      'The configuration has faults:',
      '  ENCKE_HOST must be an address or a host name',
      '  ENCKE_INBOX_MAX must be a whole number of messages from 1 to 100000',
      '',
    ].join('\n'),
  );
});

test('a port in use names the variable to set, with code 2', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as { port: number };
  for (const variable of ['ENCKE_GATEWAY_PORT', 'ENCKE_ADMIN_PORT']) {
    const { code, log } = await forked({ [variable]: String(port) }).ended;
    assert.equal(code, 2);
    assert.equal(
      log,
      `Port ${port} is in use. Stop what holds it, or set ${variable} to another port (0 picks a free one).\n`,
    );
  }
});

for (const [host, code] of [
  ['192.0.2.1', 'EADDRNOTAVAIL'],
  ['no.such.host.invalid', '(ENOTFOUND|EAI_AGAIN)'],
  ['127.0.0.1:80', '(ENOTFOUND|EAI_AGAIN)'],
] as const) {
  test(`${host} to listen on is a fault of ENCKE_HOST, with code 2`, async () => {
    const ended = await forked({ ENCKE_HOST: host }).ended;
    assert.equal(ended.code, 2);
    assert.match(
      ended.log,
      new RegExp(
        `^The configuration has faults:\n  ENCKE_HOST must be an address of this machine, or a name of one: ${code}\n$`,
      ),
    );
  });
}

test('a fault in the settings that shows at the start is said in plain words, with code 2', async () => {
  const { code, log } = await forked({
    FIXTURE: 'serves-tls',
    ENCKE_TLS_CERT: '/nope/cert.pem',
    ENCKE_TLS_KEY: '/nope/key.pem',
  }).ended;
  assert.equal(code, 2);
  assert.equal(
    log,
    [
      'The configuration has faults:',
      '  ENCKE_TLS_CERT cannot be read: ENOENT',
      '  ENCKE_TLS_KEY cannot be read: ENOENT',
      '',
    ].join('\n'),
  );
});
