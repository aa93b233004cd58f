import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually, eventuallyDelivered } from '@encke/testing';
import { Ledger } from '../e2e/ledger.ts';
import { checkSocketsStayed, flow, stream } from '../e2e/traffic.ts';
import { Compose } from './compose.ts';
import type { Engine } from './engine.ts';

/** The container of a service, and a command of redis-cli in it. */
async function redis(compose: Compose, service: string) {
  const [id = ''] = await compose.containers(service);
  const cli = (...words: string[]) => compose.docker('exec', id, 'redis-cli', ...words);
  return { id, cli };
}

async function offset(compose: Compose, service: string): Promise<number> {
  const { cli } = await redis(compose, service);
  return Number(/master_repl_offset:(\d+)/.exec(await cli('info', 'replication'))?.[1]);
}

/** Starts a variant of deploy/compose/, kills the first master, whose replicas are given, and lets it come back as one. */
export async function survivesMasterDeath(
  t: TestContext,
  engine: Engine | undefined,
  variant: string,
  replicas: readonly string[],
): Promise<void> {
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
    for (const name of replicas) {
      const found = await offset(compose, name);
      assert.ok(found >= wanted, `${name} has ${found} of ${wanted}`);
    }
  });
  const master = await redis(compose, 'redis');
  await compose.docker('kill', master.id);
  const sending = flow(ledger, people);
  const before = ledger.accepted;
  await eventually(() => assert.ok(ledger.accepted > before + 200), { timeout: 90_000 }).catch(
    async (error: unknown) => {
      await sending.stop();
      throw error;
    },
  );
  await compose.docker('start', master.id);
  const isReplica = async () => assert.match(await master.cli('role'), /^slave\n[\s\S]*connected/);
  await eventually(isReplica, { timeout: 90_000, every: 500 });
  await sending.stop();
  await eventuallyDelivered(ledger.expected(), devices, 60_000);
  ledger.checkGapless();
  checkSocketsStayed(devices);
}
