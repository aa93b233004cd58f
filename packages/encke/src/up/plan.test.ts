import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan } from './plan.ts';

/** Whether the application server that logs anybody in as anybody is started, and what gateways say of it. */
async function demoOf(env: Record<string, string>) {
  const { processes } = await makePlan({ ENCKE_API_KEY: 'the-key', ...env }, 1);
  const gateway = processes.find(({ name }) => name === 'gateway-1');
  return {
    started: processes.some(({ name }) => name === 'demo-app'),
    url: gateway?.env.ENCKE_DEMO_URL,
  };
}

test('the demo’s application server is started in development only', async () => {
  const { started, url } = await demoOf({});
  assert.equal(started, true);
  assert.match(url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
  const none = { started: false, url: undefined };
  assert.deepEqual(await demoOf({ NODE_ENV: 'production' }), none);
  assert.deepEqual(await demoOf({ NODE_ENV: 'production', ENCKE_HOST: '0.0.0.0' }), none);
});

test('one of the operator’s own takes its place', async () => {
  const own = { ENCKE_DEMO_URL: 'https://www.example.com/demo' };
  const named = { started: false, url: own.ENCKE_DEMO_URL };
  assert.deepEqual(await demoOf(own), named);
  assert.deepEqual(await demoOf({ ...own, NODE_ENV: 'production' }), named);
});
