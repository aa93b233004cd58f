import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseExampleSecrets } from './example-secrets.ts';
import { Failure } from './failure.ts';

const examples = {
  ENCKE_API_KEY: 'mine,development-only',
  ENCKE_REDIS_URL: 'redis://:development-only@redis:6379',
};

for (const [name, value] of Object.entries(examples))
  test(`in production ${name} must not be the one for development`, () => {
    assert.throws(
      () => refuseExampleSecrets({ NODE_ENV: 'production', [name]: value }),
      (error) =>
        error instanceof Failure &&
        error.exitCode === 2 &&
        error.message.startsWith(`${name} still has the password for development`),
    );
  });

test('in development they serve, and in production everything else', () => {
  refuseExampleSecrets({ NODE_ENV: '', ...examples });
  refuseExampleSecrets({ NODE_ENV: 'production', ENCKE_API_KEY: 'mine' });
});
