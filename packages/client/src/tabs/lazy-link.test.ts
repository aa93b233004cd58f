import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { LinkHooks } from '../link.ts';

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'document');
});

let runs = 0;

async function assertAlone(currentScript: { localName: string; src: string }): Promise<void> {
  Object.defineProperty(globalThis, 'document', { value: { currentScript }, configurable: true });
  // A query makes it another module, which is run anew.
  runs += 1;
  const { SharedLink } = (await import(
    `./lazy-link.ts?${runs}`
  )) as typeof import('./lazy-link.ts');
  let connected = 0;
  const uplink = { start: () => (connected += 1), close() {} };
  const link = new SharedLink('tab', 'name', {}, { connect: () => uplink } as never as LinkHooks);
  await link.start();
  assert.deepEqual([connected, link.holds], [1, true]);
  link.close();
}

for (const [name, src] of [
  ['an inlined script', ''],
  ['a script at a blob: address', 'blob:https://example.com/5f2a'],
  ['a script with nothing beside it', 'file:///nowhere/client.js'],
] as const)
  test(`${name} defines its names, and each tab has a socket of its own`, () =>
    assertAlone({ localName: 'script', src }));

test('an image that is called currentScript does not say where code is loaded from', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'encke-client-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'client-tabs.mjs');
  await writeFile(file, 'globalThis.strange = true; export class SharedLink {}');
  await assertAlone({ localName: 'img', src: `${pathToFileURL(folder)}/a.png` });
  assert.equal('strange' in globalThis, false);
});
