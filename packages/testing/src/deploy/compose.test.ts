/** docker-compose.yml from outside, as an operator and the users of a site see it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually, eventuallyDelivered } from '@encke/testing';
import { Ledger } from '../e2e/ledger.ts';
import { flow, total } from '../e2e/traffic.ts';
import { Compose } from './compose.ts';
import { findEngine, noEngine } from './engine.ts';

const engine = await findEngine();
const skip = engine === undefined && noEngine;

let compose: Compose;
let ledger: Ledger;

before(async () => {
  if (engine === undefined) return;
  compose = await Compose.create(engine);
  await compose.up();
  ledger = new Ledger(compose.api);
});
after(() => compose?.down());

const seen = new Set<string>();

/** Waits until the balancer sends people to that many gateways which it did not know before. */
async function newGateways(count: number): Promise<void> {
  const found = new Set<string>();
  await eventually(
    async () => {
      // The emptiest one gets who comes, so these requests show the new ones.
      const answer = await fetch(`http://${compose.address}/info`);
      const { node } = (await answer.json()) as { node: string };
      if (!seen.has(node)) found.add(node);
      assert.ok(found.size >= count, `${found.size} of ${count} new gateways`);
    },
    { timeout: 60_000, every: 50 },
  );
  for (const node of found) seen.add(node);
}

test('the image: not root, a root that nobody writes to, nothing but what runs', {
  skip,
}, async () => {
  const [id = ''] = await compose.containers('gateway');
  const shell = (script: string) => compose.docker('exec', id, 'sh', '-c', script);
  assert.equal(await shell('id -u'), '1000\n');
  await assert.rejects(shell('echo > /app/x'), /Read-only file system/);
  assert.match(await shell('readlink /proc/1/exe'), /node$/m, 'the process gets signals itself');
  const names = await shell('ls packages packages/gateway node_modules');
  for (const name of [
    'testing',
    'src',
    'playwright-core',
    'kubernetes-models',
    'mysql',
    'typescript',
  ])
    assert.ok(!names.split('\n').includes(name), `${name} is in the image`);
  assert.equal(
    await shell(
      'find /app/packages /app/node_modules -name "*.test.*" -o -name "*.tsbuildinfo" | wc -l',
    ),
    '0\n',
  );
  assert.match(await shell('node packages/encke/bin/health.mjs /readyz'), /^ready/);
  await assert.rejects(
    shell('ENCKE_ADMIN_PORT=1 node packages/encke/bin/health.mjs'),
    /ECONNREFUSED/,
  );
});

test('what is reachable from others does not start with the passwords for development', {
  skip,
}, async () => {
  const env = ['-e', 'NODE_ENV=production'];
  await assert.rejects(
    compose.run('run', '--rm', '-T', '--no-deps', ...env, 'ingest'),
    /ENCKE_API_KEY still has the password for development/,
  );
  await assert.rejects(
    compose.run('run', '--rm', '-T', '--no-deps', ...env, '-e', 'ENCKE_API_KEY=mine', 'gateway'),
    /ENCKE_REDIS_URL still has the password for development/,
  );
});

test('a message by HTTP reaches a device of each wire through the balancer', { skip }, async () => {
  const { people, devices } = await compose.people(4);
  for (const { user } of people) await ledger.send({ user, data: 'hello' });
  await eventuallyDelivered(ledger.expected(), devices);
  await newGateways(2);
});

test('a message by SQL, too, and its queue can be read', { skip }, async () => {
  const { people, devices } = await compose.people(1);
  const [{ user } = assert.fail()] = people;
  const [id = ''] = await compose.containers('ingest');
  const sql = (statement: string) =>
    compose.docker('exec', id, 'encke', 'ql', statement, '--app', '1', '--at', 'balancer:3307');
  const values = `(${user}, 'sql', 'by SQL')`;
  const answer = await sql(`INSERT INTO users_messages (id, event, message) VALUES ${values}`);
  assert.match(answer, new RegExp(`^OK, 0 rows affected, id ${user}`));
  for (const device of devices)
    await eventually(() =>
      assert.deepEqual(device.data, [device.wire === 'v1' ? '"by SQL"' : 'by SQL']),
    );
  await eventually(async () =>
    assert.match(await sql(`SELECT * FROM users_messages WHERE id = ${user}`), /\(0 rows\)/),
  );
});

test('--scale gateway=4, while messages flow: the balancer finds the new ones', {
  skip,
}, async () => {
  const { people, devices } = await compose.people(10);
  const own = new Ledger(compose.api);
  const sending = flow(own, people);
  await compose.up('--scale', 'gateway=4', '--no-recreate');
  await newGateways(2);
  await sending.stop();
  await eventuallyDelivered(own.expected(), devices);
  own.checkGapless();
  assert.equal(
    total(devices, ({ closes }) => closes.length),
    0,
    'nobody was disturbed',
  );
});

test('the profile observe: Prometheus finds every process, and knows every query and rule', {
  skip,
}, async () => {
  await compose.run('--profile', 'observe', 'up', '--detach', '--no-build', 'prometheus');
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${compose.prometheus}/api/v1/${path}`);
    const body = (await answer.json()) as { status: string; error?: string; data: T };
    assert.equal(body.status, 'success', `${path}: ${body.error}`);
    return body.data;
  };
  const running = await Promise.all(
    ['gateway', 'ingest', 'cometql', 'worker'].map((service) => compose.containers(service)),
  );
  await eventually(
    async () => {
      const found = await ask<{ result: unknown[] }>(
        `query?query=${encodeURIComponent('up == 1')}`,
      );
      // The balancer and Prometheus itself besides.
      assert.ok(found.result.length >= running.flat().length + 2, JSON.stringify(found.result));
    },
    { timeout: 90_000, every: 500 },
  );
  const { groups } = await ask<{ groups: { rules: unknown[] }[] }>('rules');
  assert.ok(groups.flatMap(({ rules }) => rules).length > 10);
  const dashboard = JSON.parse(
    readFileSync(
      new URL('../../../../deploy/grafana/dashboards/encke.json', import.meta.url),
      'utf8',
    ),
  ) as { panels: { targets?: { expr: string }[] }[] };
  for (const { expr } of dashboard.panels.flatMap(({ targets = [] }) => targets)) {
    const query = expr.replaceAll('$__rate_interval', '1m');
    await ask(`query?query=${encodeURIComponent(query)}`);
  }
});
