import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { browserSkip, eventually, startBrowser } from '@encke/testing';
import { fromSource } from '../process.ts';
import { buildClient } from './pages.ts';

const main = fileURLToPath(new URL('../../../encke/src/main.ts', import.meta.url));

function startUp(folder: string) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('ENCKE_') && !name.startsWith('NODE_TEST'),
  );
  const ports = {
    ENCKE_GATEWAY_PORT: '0',
    ENCKE_INGEST_PORT: '0',
    ENCKE_COMETQL_PORT: '0',
    ENCKE_ADMIN_PORT: '0',
  };
  const child = spawn(
    process.execPath,
    [...fromSource, main, 'up', '--state', folder],
    // With the channel it ends itself when a killed test leaves it behind.
    { env: { ...Object.fromEntries(kept), ...ports }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const exited = once(child, 'exit');
  return { child, exited, output: () => output };
}

test('a newcomer starts everything, opens the page it names and runs the call it prints', {
  skip: browserSkip,
}, async (t) => {
  buildClient();
  const folder = mkdtempSync(join(tmpdir(), 'encke-newcomer-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { child, exited, output } = startUp(folder);
  t.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  await eventually(() => assert.match(output(), /Ctrl-C stops everything/), { timeout: 60_000 });
  const [, page = ''] = /Open (\S+\/demo\/\?user=7) /.exec(output()) ?? [];
  const [, other = ''] = /(\S+\/demo\/) {2}\(the same on another gateway\)/.exec(output()) ?? [];
  const [, curl = ''] = /^ {4}(curl[\s\S]*?)\n\n/m.exec(output()) ?? [];
  assert.ok(page && other && curl, output());

  const browser = await startBrowser();
  t.after(() => browser.close());
  const mine = await (await browser.newContext()).newPage();
  await mine.goto(page);
  await mine.getByText('authorised', { exact: true }).waitFor();
  const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
  assert.equal((JSON.parse(stdout) as { sessions: number }).sessions, 1);
  await mine.getByText('Hello from the server').waitFor();

  const theirs = await (await browser.newContext()).newPage();
  await theirs.goto(`${other}?user=8`);
  await theirs.getByText('authorised', { exact: true }).waitFor();
  await theirs.locator('#to').fill('7');
  await theirs.locator('#text').fill('from the other gateway');
  await theirs.locator('#send').click();
  await mine.getByText('from the other gateway').waitFor();

  child.kill('SIGINT');
  assert.deepEqual(await exited, [0, null], output());
  assert.equal(existsSync(join(folder, 'up.lock')), false);
});
