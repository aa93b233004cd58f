import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '@encke/testing';
import { obtainRedis } from '../redis-program.ts';
import { freePorts } from './free-ports.ts';
import { outlast, startRedis } from './private-redis.ts';
import { processBirth } from './process-birth.ts';

const root = mkdtempSync(join(tmpdir(), 'encke-private-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const newFolder = () => join(root, String(count++));
const fixture = fileURLToPath(new URL('./private-redis.fixture.ts', import.meta.url));
const program = await obtainRedis(process.env.PATH ?? '', console.error);
const anyPort = async () => (await freePorts(1, '127.0.0.1'))[0] ?? 0;

/** One command as a bare line; the first line of the answer. */
async function command(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${line}\r\n`);
  const [data] = await once(socket, 'data');
  socket.destroy();
  return String(data);
}

const pidIn = (folder: string) => Number(readFileSync(join(folder, 'redis.pid'), 'utf8'));
const gone = (pid: number) => eventually(() => assert.equal(processBirth(pid), undefined));

/** A process that holds a Redis of its own in `folder`. */
async function holder(folder: string, port: number): Promise<{ child: ChildProcess; pid: number }> {
  const child = fork(fixture, [folder, String(port)]);
  await once(child, 'message');
  return { child, pid: pidIn(folder) };
}

test('what was written is there after an orderly stop and a new start', async () => {
  const folder = newFolder();
  const [first, second] = [await anyPort(), await anyPort()];
  const before = startRedis(program, folder, first);
  await before.ready;
  const pid = pidIn(folder);
  assert.equal(await command(first, 'SET queue kept'), '+OK\r\n');
  await before.stop();
  assert.equal(processBirth(pid), undefined);
  assert.equal(existsSync(join(folder, 'redis.pid')), false);
  await outlast(folder);
  const now = startRedis(program, folder, second);
  await now.ready;
  assert.equal(await command(second, 'GET queue'), '$4\r\nkept\r\n');
  await now.stop();
});

test('it ends when the process that holds it is killed, and its data stays', async () => {
  const folder = newFolder();
  const port = await anyPort();
  const { child, pid } = await holder(folder, port);
  await command(port, 'SET queue kept');
  child.kill('SIGKILL');
  // What the next `encke up` does, which may come at once.
  await outlast(folder);
  await gone(pid);
  const next = startRedis(program, folder, port);
  await next.ready;
  assert.equal(await command(port, 'GET queue'), '$4\r\nkept\r\n');
  await next.stop();
});

/** The members of a process group, from /proc. */
const groupOf = (leader: number) =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .sort((a, b) => a - b)
    .filter((pid) => statOf(pid)?.group === leader);

function statOf(pid: number): { parent: number; group: number } | undefined {
  try {
    const [, parent, group] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return { parent: Number(parent), group: Number(group) };
  } catch {
    return undefined;
  }
}

/** It may have ended a moment ago. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const skip = existsSync('/proc/self/stat') ? false : 'no /proc here';
test('one that lost its watcher too is ended by the next start', { skip }, async () => {
  const folder = newFolder();
  const port = await anyPort();
  const { child, pid } = await holder(folder, port);
  for (const watcher of groupOf(statOf(pid)?.group ?? 0)) if (watcher !== pid) kill(watcher);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await command(port, 'PING'), '+PONG\r\n');
  await outlast(folder);
  await gone(pid);
});

test('a process that only has the pid of an earlier Redis is left alone', async () => {
  const folder = newFolder();
  const other = spawn('sleep', ['60']);
  mkdirSync(folder);
  writeFileSync(join(folder, 'redis.pid'), String(other.pid));
  await outlast(folder);
  assert.notEqual(processBirth(other.pid ?? 0), undefined);
  other.kill();
});

test('its death is told', async () => {
  const folder = newFolder();
  const redis = startRedis(program, folder, await anyPort());
  await redis.ready;
  redis.kill();
  assert.equal(await redis.ended, 'exit code 137');
});

test('a start that fails says where to look', async () => {
  const folder = newFolder();
  const port = await anyPort();
  const redis = startRedis(
    { path: '/nowhere/redis-server', version: 'redis-server 7.0.0' },
    folder,
    port,
  );
  await assert.rejects(
    redis.ready,
    /^Failure: redis-server 7\.0\.0 did not start: it ended \(exit code 127\)\. See .*redis\.log$/,
  );
});
