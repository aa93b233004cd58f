/** Containers of docker-compose.yml die and are replaced while messages flow through the balancer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, eventuallyDelivered } from '@encke/testing';
import { Ledger } from '../e2e/ledger.ts';
import { flow, total } from '../e2e/traffic.ts';
import { Compose } from './compose.ts';
import { findEngine, noEngine } from './engine.ts';

const engine = await findEngine();
const skip = engine === undefined && noEngine;

let compose: Compose;
before(async () => {
  if (engine === undefined) return;
  compose = await Compose.create(engine);
  await compose.up();
});
after(() => compose?.down());

test('a gateway container is killed: its devices return through the balancer with everything', {
  skip,
}, async () => {
  const { people, devices } = await compose.people(20);
  const ledger = new Ledger(compose.api);
  const sending = flow(ledger, people);
  const [victim = ''] = await compose.containers('gateway');
  await compose.docker('kill', victim);
  await eventually(() => assert.ok(devices.some(({ connects }) => connects > 1)), {
    timeout: 60_000,
  });
  await Promise.all(devices.map((device) => device.attached(60_000)));
  await sending.stop();
  await eventuallyDelivered(ledger.expected(), devices, 60_000);
  ledger.checkGapless();
  await compose.docker('start', victim);
  await compose.up('--no-recreate');
});

test('everything is restarted, one after the other, while messages flow: nothing is lost', {
  skip,
}, async () => {
  const { people, devices } = await compose.people(20);
  const ledger = new Ledger(compose.api);
  const sending = flow(ledger, people);
  for (const service of ['gateway', 'ingest', 'cometql', 'worker', 'redis', 'balancer'])
    for (const container of await compose.containers(service)) {
      await compose.docker('restart', '-t', '30', container);
      await compose.up('--no-recreate');
    }
  await Promise.all(devices.map((device) => device.attached(60_000)));
  await sending.stop();
  await eventuallyDelivered(ledger.expected(), devices, 60_000);
  ledger.checkGapless();
  assert.equal(
    total(devices, ({ missed }) => missed),
    0,
    'no app is told that it missed something',
  );
});
