import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { root } from './manifests.ts';

test('the image keeps the licence of each package that it carries', () => {
  const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');
  const [, find = ''] = /&& (find node_modules .+) -delete$/m.exec(dockerfile) ?? [];
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const deleted = execFileSync('sh', ['-c', `${find} -print`], options).split('\n');
  assert.ok(deleted.length > 100);
  assert.deepEqual(
    deleted.filter((file) => /\/(licen[cs]e|copying|notice)[^/]*$/i.test(file)),
    [],
  );
});
