/** What docker-compose.yml makes of a file `.env` beside it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { root } from './manifests.ts';

const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');

test('a setting in .env counts, or the manual names it as one that does not', () => {
  const { environment } = parse(read('docker-compose.yml'), { merge: true })['x-process'] as {
    environment: Record<string, string | number>;
  };
  const [, manual = ''] =
    /^## With Docker Compose$(.*?)^## /ms.exec(read('docs/operations.md')) ?? [];
  const [, exceptions = ''] =
    /Any setting below may stand in `\.env` too, but: (.*?)\n\n/s.exec(manual) ?? [];
  const fixed = Object.entries(environment)
    .filter(([name, value]) => name !== 'NODE_ENV' && !String(value).startsWith(`\${${name}:-`))
    .map(([name]) => name);
  for (const name of [...fixed, 'ENCKE_TLS_CERT', 'ENCKE_TLS_KEY'])
    assert.ok(exceptions.includes(`\`${name}\``), `${name} is ignored in .env, and nobody says so`);
  assert.ok(!fixed.includes('ENCKE_REDIS_URL'), 'a Redis elsewhere would be ignored');
});

test('.env is not committed, with its passwords', () => {
  assert.match(read('.gitignore'), /^\.env$/m);
});
