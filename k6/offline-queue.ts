/** Users who are away get messages, come, read them all in order, and find nothing the second time. */
import { send } from './lib/app-server.ts';
import { attach, newDevice, pause, share, signInAll, until, userOf } from './lib/crowd.ts';
import type { Incoming } from './lib/device.ts';
import { Ledger, type Note } from './lib/ledger.ts';
import { arrived, repeated, sent, summary, summaryTrendStats } from './lib/measures.ts';
import { below, number, vus } from './lib/settings.ts';

const users = number('DEVICES', 100);
const queued = number('QUEUED', 20);

export const options = {
  scenarios: {
    queue: { executor: 'per-vu-iterations', vus, iterations: 1, maxDuration: '10m' },
  },
  setupTimeout: '5m',
  summaryTrendStats,
  thresholds: {
    devices_attached: ['rate==1'],
    messages_arrived: ['rate==1'],
    messages_ordered: ['rate==1'],
    // Until everything that waited was read.
    message_latency: [below(95, 2000)],
    sockets_dropped: ['count==0'],
    http_req_failed: ['rate==0'],
  },
};

export const setup = (): void => signInAll(users);

async function come(n: number, ledger: Ledger): Promise<void> {
  let came = 0;
  const message = ({ data, queued: waited }: Incoming): void => {
    // The time that counts here is the one since the device knocked.
    ledger.received({ n: (data as Note).n, at: came }, true);
    if (!waited) arrived.add(false);
  };
  const device = newDevice(n, { message });
  came = Date.now();
  if (!(await attach(device, n))) return;
  await until(() => ledger.complete, 15);
  // Its receipts have to be in Redis before it leaves.
  await pause(500);
  repeated.add(device.repeated);
  device.close();
  // A device that was never here finds an empty queue.
  const second = newDevice(n, { message: () => arrived.add(false) });
  if (await attach(second, n + 1)) await pause(300);
  second.close();
}

export default async function queue(): Promise<void> {
  for (const n of share(users)) {
    const ledger = new Ledger();
    for (let i = 1; i <= queued; i += 1) {
      const answer = await send(userOf(n), { n: i, at: Date.now() });
      if (!answer.queued) throw new Error(`user ${userOf(n)} is online already`);
      ledger.accepted(i);
      sent.add(1);
    }
    await come(n, ledger);
    ledger.close();
  }
}

export const handleSummary = summary;
