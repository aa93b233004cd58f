import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { root } from './manifests.ts';

const manual = readFileSync(`${root}docs/operations.md`, 'utf8');

test('docs/operations.md speaks of every process where it says how to run them', () => {
  const places: Record<string, RegExp> = {
    'What to run': /^## What to run$(.*?)^## /ms,
    'their commands': /^All of them: (.*?)\. Ask/ms,
    'the same values': /^(The gateways.*?must have the same values)/ms,
    Capacity: /^## Capacity$(.*?)^## /ms,
    Upgrade: /^1\. SIGTERM\.(.*?)^2\. /ms,
  };
  for (const [name, place] of Object.entries(places)) {
    const [, text = ''] = place.exec(manual) ?? [];
    for (const process of ['gateway', 'ingest', 'cometql', 'worker'])
      assert.ok(text.includes(process), `${name}: nothing of ${process}`);
  }
});

test('no balancer writes the URLs of the old wire, with the keys of users, into a log', () => {
  const nginx = /^```nginx$(.*?)^```$/ms.exec(manual)?.[1] ?? '';
  assert.match(nginx, /^ *access_log off;$/m);
  const haproxy = readFileSync(`${root}deploy/haproxy/haproxy.cfg`, 'utf8');
  assert.doesNotMatch(haproxy, /^ *(?:option +httplog|log-format)/m);
});
