/** The variants of deploy/compose/ whose Redis survives the death of a master. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, eventuallyDelivered } from '@encke/testing';
import { Ledger } from '../e2e/ledger.ts';
import { checkSocketsStayed, flow, stream } from '../e2e/traffic.ts';
import { Compose } from './compose.ts';
import { findEngine, noEngine } from './engine.ts';

const engine = await findEngine();
const skip = engine === undefined && noEngine;

/** The first container of a service, and a command of redis-cli in it. */
async function redis(compose: Compose, service: string) {
  const [id = ''] = await compose.containers(service);
  const cli = (...words: string[]) => compose.docker('exec', id, 'redis-cli', ...words);
  return { id, cli };
}

async function offset(compose: Compose, service: string): Promise<string | undefined> {
  const { cli } = await redis(compose, service);
  return /master_repl_offset:(\d+)/.exec(await cli('info', 'replication'))?.[1];
}

const variants = [
  { variant: 'sentinel', replicas: ['redis-2', 'redis-3'] },
  { variant: 'cluster', replicas: ['redis-5'] },
];

for (const { variant, replicas } of variants)
  test(`${variant}: the first master is killed, and comes back as a replica`, {
    skip,
  }, async (t) => {
    if (engine === undefined) return;
    const compose = await Compose.create(engine, variant);
    t.after(() => compose.down());
    await compose.up();
    const { people, devices } = await compose.people(20);
    const ledger = new Ledger(compose.api);
    await stream(ledger, people, { messages: 500 });
    // Nothing is under way at this moment, so that nothing may be missing in the end.
    await eventually(async () => {
      const wanted = await offset(compose, 'redis');
      const found = await Promise.all(replicas.map((name) => offset(compose, name)));
      assert.ok(found.includes(wanted), `${found} of ${wanted}`);
    });
    const master = await redis(compose, 'redis');
    await compose.docker('kill', master.id);
    const sending = flow(ledger, people);
    const before = ledger.accepted;
    await eventually(
      async () => {
        const answers = await compose.api.sendMany(
          people.map(({ user }) => ({ user, data: 'probe', idempotencyKey: `probe-${user}` })),
        );
        assert.ok(answers.every(({ error }) => error === undefined));
      },
      { timeout: 90_000, every: 500 },
    );
    await compose.docker('start', master.id);
    await eventually(
      async () => assert.match(await master.cli('role'), /^slave\n[\s\S]*connected/),
      { timeout: 90_000, every: 500 },
    );
    await sending.stop();
    assert.ok(ledger.accepted > before);
    const probes = await Promise.all(
      people.map(({ user }) =>
        compose.api.send(user, 'probe', { idempotencyKey: `probe-${user}` }),
      ),
    );
    for (const [i, { user }] of people.entries()) ledger.note(user, probes[i] ?? assert.fail());
    await eventuallyDelivered(ledger.expected(), devices, 60_000);
    ledger.checkGapless();
    checkSocketsStayed(devices);
  });
