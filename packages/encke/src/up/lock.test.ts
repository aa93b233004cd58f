import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Holder, type Lock, runningUp, takeLock } from './lock.ts';
import { processBirth } from './process-birth.ts';

const root = mkdtempSync(join(tmpdir(), 'encke-lock-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
const newFolder = () => join(root, String(count++));

function take(folder: string): Lock {
  const lock = takeLock(folder);
  assert.ok('release' in lock, `held by ${JSON.stringify(lock)}`);
  return lock;
}

function stale(folder: string, text: string): void {
  take(folder).release();
  writeFileSync(join(folder, 'up.lock'), text);
}

test('a lock is held until it is released, and leaves no file behind', () => {
  const folder = newFolder();
  const lock = take(folder);
  const holder = takeLock(folder) as Holder;
  assert.equal(holder.pid, process.pid);
  assert.deepEqual(readdirSync(folder), ['up.lock']);
  lock.announce({ ingest: 'http://127.0.0.1:8080', cometql: '127.0.0.1:3307' });
  assert.equal(runningUp(folder)?.ingest, 'http://127.0.0.1:8080');
  assert.equal(runningUp(folder)?.cometql, '127.0.0.1:3307');
  assert.deepEqual(readdirSync(folder), ['up.lock']);
  lock.release();
  assert.deepEqual(readdirSync(folder), []);
  assert.equal(runningUp(folder), undefined);
  take(folder).release();
});

test('the lock of a dead process is taken over', async () => {
  const folder = newFolder();
  const child = spawn('true');
  await once(child, 'exit');
  stale(folder, JSON.stringify({ pid: child.pid, born: '1' }));
  const lock = take(folder);
  assert.equal(JSON.parse(readFileSync(join(folder, 'up.lock'), 'utf8')).pid, process.pid);
  lock.release();
  assert.deepEqual(readdirSync(folder), []);
});

test('a pid that belongs to another process by now does not hold it', () => {
  const folder = newFolder();
  stale(folder, JSON.stringify({ pid: process.pid, born: 'in another boot' }));
  assert.equal(runningUp(folder), undefined);
  take(folder).release();
});

test('a lock that cannot be read is taken over', () => {
  for (const text of ['', '{"pid":', 'null', '7']) {
    const folder = newFolder();
    stale(folder, text);
    take(folder).release();
  }
});

test('of many that want a stale lock at once, one gets it', async () => {
  const folder = newFolder();
  stale(folder, '{"pid":1,"born":"never"}');
  const file = new URL('./lock.ts', import.meta.url).href;
  const script = `
    import { takeLock } from ${JSON.stringify(file)};
    process.stdin.once('data', () => {
      console.log('release' in takeLock(${JSON.stringify(folder)}) ? 'mine' : 'held');
    });
    console.log('ready');
  `;
  const args = [...process.execArgv, '--input-type=module', '--eval', script];
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  await Promise.all(children.map((child) => once(child.stdout, 'data')));
  for (const child of children) child.stdin.write('go');
  const answers = await Promise.all(
    children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()),
  );
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => once(child, 'exit')));
  assert.deepEqual(answers.sort(), ['held', 'held', 'held', 'mine']);
});

test('the birth of a process is the same at each look, and gone with it', async () => {
  const child = spawn('sleep', ['60']);
  const born = processBirth(child.pid ?? 0);
  assert.ok(born);
  assert.equal(processBirth(child.pid ?? 0), born);
  child.kill();
  await once(child, 'exit');
  assert.equal(processBirth(child.pid ?? 0), undefined);
});
