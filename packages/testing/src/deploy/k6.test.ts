/** The load scripts against running processes, with little load: they work, and their thresholds are met. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../eventually.ts';
import { type Nodes, startNodes } from '../nodes.ts';
import type { TestProcess } from '../process.ts';
import { type RedisServer, startRedis } from '../redis.ts';
import { missing, root } from './manifests.ts';

const noK6 = missing('k6', 'version');

let redis: RedisServer;
let nodes: Nodes;

before(async () => {
  if (noK6) return;
  redis = await startRedis();
  nodes = await startNodes({ redis, worker: true });
});
after(async () => {
  await nodes?.stop();
  await redis?.stop();
});

const urls = (...gateways: readonly (TestProcess | undefined)[]): string =>
  gateways.map((gateway) => `ws://${gateway?.address}`).join(',');

const delivered = async (gateway: TestProcess | undefined): Promise<number> =>
  (await gateway?.metrics())?.get('encke_messages_delivered_total') ?? 0;

const untilDelivered = (gateway: TestProcess | undefined, messages: number): Promise<void> =>
  eventually(async () => assert.ok((await delivered(gateway)) >= messages), { timeout: 60_000 });

function run(
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  const given = {
    GATEWAYS: urls(...nodes.gateways.filter(({ alive }) => alive)),
    INGEST: nodes.api.url,
    API_KEY: nodes.api.key,
    VUS: '2',
    DEVICES: '20',
    DURATION: '4',
    ...env,
  };
  const args = Object.entries(given).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const options = ['--quiet', '--no-usage-report', '--no-color', ...args];
  const k6 = spawn('k6', ['run', ...options, `${root}k6/${script}.ts`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [k6.stdout, k6.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  // Should it hang, it says where: Go prints all its stacks.
  const hanging = setTimeout(() => k6.kill('SIGQUIT'), 120_000);
  return new Promise((resolve) => {
    k6.on('close', (code) => {
      clearTimeout(hanging);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** How fast it is on a busy machine says nothing: times are let go. */
const unhurried = { LATENCY_FACTOR: '100' };

const scripts: readonly (readonly [script: string, env: Readonly<Record<string, string>>])[] = [
  ['connect-storm', { DEVICES: '60', HOLD: '0' }],
  ['private-messages', { RATE: '40' }],
  ['offline-queue', { DEVICES: '8', QUEUED: '5' }],
  ['fan-out', { RATE: '2' }],
  ['soak', { RATE: '20', CHURN: '4' }],
];

for (const [i, [script, env]] of scripts.entries())
  test(`k6/${script}.ts meets its thresholds`, { skip: noK6 }, async () => {
    const users = { FIRST_USER: String(1 + i * 1000) };
    const { code, output } = await run(script, { ...unhurried, ...users, ...env });
    assert.equal(code, 0, output);
    assert.match(output, /✓ rate==1/);
    // A script that breaks at once meets every threshold: nothing was measured.
    assert.match(output, /devices_attached +100 %/);
  });

test('a gateway that dies costs the soak test nothing, and the one of private messages its thresholds', {
  skip: noK6,
}, async () => {
  for (const [script, code] of [
    ['soak', 0],
    ['private-messages', 99],
  ] as const) {
    const gateway = await nodes.add('gateway');
    const running = run(script, {
      ...unhurried,
      GATEWAYS: urls(nodes.gateways[0], gateway),
      FIRST_USER: String(script === 'soak' ? 7_000 : 8_000),
      RATE: '20',
      DURATION: '10',
    });
    await untilDelivered(gateway, 6);
    await gateway.kill();
    const end = await running;
    assert.equal(end.code, code, end.output);
    assert.match(end.output, /sockets_dropped +[1-9]/);
  }
});

test('a send that is refused fails the run, which goes on', { skip: noK6 }, async () => {
  const before = await delivered(nodes.gateways[0]);
  const users = { FIRST_USER: '6001', RATE: '20', DURATION: '8' };
  const running = run('soak', { ...unhurried, ...users });
  await untilDelivered(nodes.gateways[0], before + 6);
  redis.pause();
  await pause(2_500);
  redis.resume();
  const { code, output } = await running;
  assert.equal(code, 99, output);
  assert.match(output, /POST message: 503/);
  assert.match(output, /http_req_failed .*\n.*✗ rate==0/);
  assert.match(output, /messages_arrived +100 %/);
  const [, sent] = /messages_sent +(\d+)/.exec(output) ?? [];
  assert.ok(Number(sent) > 80, output);
});

test('devices that are not let in leave no sockets, for which a run would wait', {
  skip: noK6,
}, async () => {
  const stranger = await nodes.add('gateway', { ENCKE_REDIS_PREFIX: 'nobody' });
  const { code, output } = await run('soak', {
    ...unhurried,
    GATEWAYS: urls(nodes.gateways[0], stranger),
    ...{ FIRST_USER: '5001', DEVICES: '4', RATE: '8', CHURN: '4', DURATION: '3' },
  });
  await stranger.stop();
  assert.equal(code, 99, output);
  assert.match(output, /devices_attached +[1-9]\d?(\.\d+)? %/);
});

test('a wrong API key fails the run', { skip: noK6 }, async () => {
  const { code, output } = await run('private-messages', { API_KEY: 'wrong' });
  assert.notEqual(code, 0, output);
  assert.match(output, /sign in: 401/);
});

test('while keys are replaced the first of them is used', { skip: noK6 }, async () => {
  const users = { FIRST_USER: '9001', DEVICES: '4' };
  const keys = { API_KEY: `${nodes.api.key}, another` };
  const { code, output } = await run('offline-queue', { ...unhurried, ...users, ...keys });
  assert.equal(code, 0, output);
});
