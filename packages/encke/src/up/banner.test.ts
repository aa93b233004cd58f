import assert from 'node:assert/strict';
import { test } from 'node:test';
import { banner, withoutPassword } from './banner.ts';
import { makePlan } from './plan.ts';

test('MySQL clients are given an IPv6 address without the brackets of a URL', async () => {
  const plan = await makePlan({ ENCKE_API_KEY: 'the-key' }, 1);
  const facts = { apiKey: 'the-key', redis: 'redis://127.0.0.1:6379' };
  assert.match(banner({ ...facts, plan }), /mariadb -h 127\.0\.0\.1 -P 3307 /);
  // Not every machine has one to listen on.
  const ipv6 = { ...plan, cometql: '[::1]:3307' };
  assert.match(banner({ ...facts, plan: ipv6 }), /mariadb -h ::1 -P 3307 /);
});

test('an address of Redis is shown without its password, also one with an @ in it', () => {
  for (const credentials of ['', ':secret@', 'me:secret@', ':sec@ret@', ':s@e@c:r%25et@']) {
    assert.equal(withoutPassword(`redis://${credentials}h:6379/1`), 'redis://h:6379/1');
    assert.equal(withoutPassword(`rediss://${credentials}a:1,b:2`), 'rediss://a:1,b:2');
  }
  assert.equal(withoutPassword('a:1,b:2'), 'a:1,b:2');
});
