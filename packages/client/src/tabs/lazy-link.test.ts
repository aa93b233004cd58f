import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { LinkHooks } from '../link.ts';

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'document');
});

for (const [name, src] of [
  ['an inlined script', ''],
  ['a script at a blob: address', 'blob:https://example.com/5f2a'],
  ['a script with nothing beside it', 'file:///nowhere/client.js'],
] as const)
  test(`${name} defines its names, and each tab has a socket of its own`, async () => {
    const value = { currentScript: { src } };
    Object.defineProperty(globalThis, 'document', { value, configurable: true });
    // A query makes it another module, which is run anew.
    const { SharedLink } = (await import(
      `./lazy-link.ts?${src}`
    )) as typeof import('./lazy-link.ts');
    let connected = 0;
    const uplink = { start: () => (connected += 1), close() {} };
    const link = new SharedLink('tab', 'name', {}, { connect: () => uplink } as never as LinkHooks);
    await link.start();
    assert.deepEqual([connected, link.holds], [1, true]);
    link.close();
  });
