import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CometServer } from './comet-server.ts';
import './script.ts';

test('a script tag brings the new face and the three names of the old one', () => {
  const page = globalThis as unknown as Record<string, unknown>;
  assert.equal(page.CometServer, CometServer);
  assert.equal(page.cometServerApi, CometServer);
  assert.equal(page.cometApi, CometServer());
  assert.equal(typeof (page.Encke as { createClient: unknown }).createClient, 'function');
});
