import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, startRedis } from '@encke/testing';

const root = mkdtempSync(join(tmpdir(), 'encke-up-'));
const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const started: ChildProcess[] = [];
after(async () => {
  for (const child of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(root, { recursive: true, force: true });
});
const newFolder = () => join(root, randomUUID());

type Env = Record<string, string>;
const ports = {
  ENCKE_GATEWAY_PORT: '0',
  ENCKE_INGEST_PORT: '0',
  ENCKE_COMETQL_PORT: '0',
  ENCKE_ADMIN_PORT: '0',
};
const starting = { timeout: 60_000 };

/** The command `encke` in a process group of its own, as a terminal would start it. */
function encke(args: readonly string[], env: Env = {}) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ENCKE_'));
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    detached: true,
    env: { ...Object.fromEntries(inherited), ...ports, ...env },
    // With the channel it ends itself when a failed or killed test leaves it behind.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  const ended = once(child, 'close').then(([code]) => ({ code, output }));
  const until = (pattern: RegExp) =>
    eventually(() => {
      const match = pattern.exec(output);
      assert.ok(match, `no ${pattern} in:\n${output}`);
      return match;
    }, starting);
  /** Ctrl-C reaches the whole group. */
  const interrupt = () => process.kill(-(child.pid ?? 0), 'SIGINT');
  return { child, ended, until, interrupt };
}

interface Config {
  readonly appServer: string;
}

const skip = existsSync('/proc/self/environ') ? false : 'no /proc here';

/** Every process that was started with this mark in its environment. */
function marked(mark: string): { pid: number; command: string }[] {
  if (skip) return [];
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (command !== '') found.push({ pid: Number(pid), command });
    } catch {
      // It has ended meanwhile.
    }
  return found;
}

function start(args: readonly string[] = [], env: Env = {}, folder = newFolder()) {
  const mark = `up-${randomUUID().slice(0, 8)}`;
  const up = encke(['up', '--state', folder, ...args], { UP_TEST: mark, ...env });
  /** Nothing of it runs any more, and no lock is left. */
  const leftNothing = async () => {
    await eventually(() => assert.deepEqual(marked(mark), []));
    assert.equal(existsSync(join(folder, 'up.lock')), false);
  };
  return { ...up, folder, mark, leftNothing };
}

const running = /Ctrl-C stops everything/;
const verb = async (...args: string[]) => (await encke(args).ended).output;

test('everything in one go; the second start finds the first one’s queue', async () => {
  const first = start();
  await first.until(running);
  const state = ['--state', first.folder];
  assert.match(await verb('send', '7', 'hello', 'kept', ...state), /it waits in the inbox/);
  assert.match(await verb('user', '7', ...state), /^user 7: offline.* 1 undelivered/);
  assert.match(await verb('auth', '7', ...state), /^User 7 may now sign in .*:\n[\w-]{32}\n$/);
  first.interrupt();
  const { code, output } = await first.ended;
  assert.equal(code, 0);
  assert.match(output, /Encke has stopped\.\n$/);
  await first.leftNothing();

  const second = start([], {}, first.folder);
  await second.until(running);
  assert.match(await verb('user', '7', ...state), /^user 7: offline.* 1 undelivered/);
  second.interrupt();
  assert.equal((await second.ended).code, 0);
  await second.leftNothing();
});

/** Starting takes a while, so several tests look at the same one. */
describe('while it runs', () => {
  const up = start(['--gateways', '1']);
  let banner = '';
  before(async () => {
    [banner] = await up.until(/Encke is running[\s\S]*Ctrl-C stops everything/);
  });
  after(async () => {
    up.interrupt();
    assert.equal((await up.ended).code, 0);
    await up.leftNothing();
  });

  test('the banner’s page, first call and documentation work', async () => {
    const [, demo = ''] = /demo page {3}(\S+)/.exec(banner) ?? [];
    assert.equal((await fetch(demo)).status, 200);
    const config = (await (await fetch(new URL('config.json', demo))).json()) as Config;
    const login = await fetch(`${config.appServer}/login`, { method: 'POST', body: '{"user":7}' });
    assert.equal(login.status, 200);
    const [, docs = ''] = /OpenAPI {5}(\S+)/.exec(banner) ?? [];
    assert.equal((await fetch(docs)).status, 200);
    for (const [url] of banner.matchAll(/http:\S+\/metrics/g))
      assert.match(await (await fetch(url)).text(), /^encke_process_cpu_seconds_total\{/m);
    const curl = /^ {4}(curl[\s\S]*?)\n\n/m.exec(banner)?.[1] ?? '';
    const shell = spawn('sh', ['-c', curl], { stdio: ['ignore', 'pipe', 'ignore'] });
    assert.match(String((await once(shell.stdout, 'data'))[0]), /"seq":1,.*"queued":true/);
  });

  test('a second one in the same folder says so, and harms nothing', async () => {
    const { code, output } = await encke(['up', '--state', up.folder]).ended;
    assert.equal(code, 1);
    assert.match(output, /^Encke is already running in \S+ \(process \d+, http:\S+\)\.\n$/);
    assert.match(await verb('user', '7', '--state', up.folder), /^user 7/);
  });

  test('a process that dies comes back where it was', { skip }, async () => {
    const [, demo = ''] = /demo page {3}(\S+)/.exec(banner) ?? [];
    const gateway = marked(up.mark).find(({ command }) => / gateway $/.test(command));
    process.kill(gateway?.pid ?? 0, 'SIGKILL');
    await up.until(/gateway-1 died \(SIGKILL\); starting it again in 0\.3 s/);
    await eventually(async () => assert.equal((await fetch(demo)).status, 200), starting);
  });

  test('so does Redis, with its data', async () => {
    process.kill(Number(readFileSync(join(up.folder, 'redis', 'redis.pid'), 'utf8')), 'SIGKILL');
    await up.until(/Redis died \(exit code 137\); starting it again/);
    await eventually(async () => {
      assert.match(await verb('send', '8', 'ev', 'x', '--state', up.folder), /inbox/);
    }, starting);
    assert.match(await verb('user', '7', '--state', up.folder), / 1 undelivered/);
  });
});

test('killed without a chance to clean up: all of it ends, and the next one takes over', async () => {
  const up = start(['--gateways', '1']);
  await up.until(running);
  assert.match(await verb('send', '7', 'ev', 'kept', '--state', up.folder), /inbox/);
  up.child.kill('SIGKILL');
  await up.ended;
  const next = start(['--gateways', '1'], {}, up.folder);
  await next.until(running);
  await eventually(() => assert.deepEqual(marked(up.mark), []));
  assert.match(await verb('user', '7', '--state', up.folder), / 1 undelivered/);
  next.interrupt();
  assert.equal((await next.ended).code, 0);
  await next.leftNothing();
});

test('Ctrl-C while it starts leaves nothing either', async () => {
  const up = start();
  await eventually(() => assert.ok(existsSync(join(up.folder, 'redis', 'redis.pid'))), starting);
  up.interrupt();
  assert.equal((await up.ended).code, 0);
  await up.leftNothing();
});

test('a port in use: one message names the variable, and nothing is left', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as { port: number };
  const up = start([], { ENCKE_INGEST_PORT: String(port) });
  const { code, output } = await up.ended;
  assert.equal(code, 1);
  assert.ok(
    output.includes(`Port ${port} is in use. Stop what holds it, or set ENCKE_INGEST_PORT`),
  );
  await up.leftNothing();
});

test('faults of the environment are told before anything starts', async () => {
  const up = start([], { ENCKE_INBOX_MAX: 'x' });
  const { code, output } = await up.ended;
  assert.equal(code, 2);
  assert.match(output, /^The configuration has faults:\n {2}ENCKE_INBOX_MAX must be/);
  assert.equal(existsSync(join(up.folder, 'redis')), false);
  await up.leftNothing();
});

test('so is an address to listen on that is not of this machine', async () => {
  const up = start([], { ENCKE_HOST: '192.0.2.1' });
  const { code, output } = await up.ended;
  assert.match(
    output,
    /^The configuration has faults:\n {2}ENCKE_HOST must be an address of this machine, or a name of one: EADDRNOTAVAIL\n$/,
  );
  assert.equal(code, 2);
  await up.leftNothing();
});

test('a variable that is no setting is told once', async () => {
  const up = start([], { ENCKE_PING_INTERVALL: '5' });
  await up.until(running);
  up.interrupt();
  const { output } = await up.ended;
  assert.equal(output.split('ENCKE_PING_INTERVALL').length, 2, output);
  assert.match(output, /ENCKE_PING_INTERVALL is no setting of Encke's; see \.env\.example\./);
});

test('a Redis that is given is used, and left running', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const up = start(['--gateways', '1', '--redis', redis.url]);
  await up.until(running);
  assert.match(await verb('send', '7', 'ev', 'x', '--state', up.folder), /inbox/);
  up.interrupt();
  assert.equal((await up.ended).code, 0);
  await up.leftNothing();
  assert.equal(existsSync(join(up.folder, 'redis')), false);
  assert.equal(await redis.cli('PING'), 'PONG');
});
