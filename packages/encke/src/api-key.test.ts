import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { knownKey, withKey } from './api-key.ts';
import { Failure } from './failure.ts';

const root = mkdtempSync(join(tmpdir(), 'encke-key-'));
after(() => rmSync(root, { recursive: true }));
const folder = join(root, '.encke');

test('in development a key is made once, for the eyes of its owner', () => {
  assert.equal(knownKey({}, folder), undefined);
  const { ENCKE_API_KEY: key = '' } = withKey({ ENCKE_HOST: 'x' }, folder);
  assert.match(key, /^[A-Za-z0-9_-]{32}$/);
  assert.equal(readFileSync(join(folder, 'api-key'), 'utf8'), `${key}\n`);
  assert.equal(statSync(join(folder, 'api-key')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ['api-key']);
  assert.deepEqual(withKey({ ENCKE_HOST: 'x' }, folder), { ENCKE_HOST: 'x', ENCKE_API_KEY: key });
  assert.equal(knownKey({}, folder), key);
});

test('the environment goes first', () => {
  const env = { ENCKE_API_KEY: 'mine,old', NODE_ENV: 'production' };
  assert.equal(withKey(env, folder), env);
  assert.equal(knownKey(env, folder), 'mine');
});

test('in production no key is made up', () => {
  assert.throws(
    () => withKey({ NODE_ENV: 'production', ENCKE_API_KEY: ' ' }, folder),
    (error) => error instanceof Failure && /ENCKE_API_KEY must be set/.test(error.message),
  );
});

test('a folder that cannot be written to is said in plain words', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  assert.throws(
    () => withKey({}, join(file, '.encke')),
    (error) =>
      error instanceof Failure &&
      error.exitCode === 2 &&
      /^Nothing can be kept in \S+file\/\.encke \(ENOTDIR\)\. --state names /.test(error.message),
  );
});
