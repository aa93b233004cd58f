/** Online users get private messages at a steady pace: how long from sending until the device has it, and is each there? */
import { send } from './lib/app-server.ts';
import { attach, inTurn, newDevice, paced, share, signInAll, until, userOf } from './lib/crowd.ts';
import type { Incoming } from './lib/device.ts';
import { Ledger, type Note } from './lib/ledger.ts';
import { repeated, sent, summary, summaryTrendStats } from './lib/measures.ts';
import { below, duration, number, vus } from './lib/settings.ts';

const devices = number('DEVICES', 200);
/** Messages a second, of all virtual users together. */
const rate = number('RATE', 200);

export const options = {
  scenarios: {
    messages: {
      executor: 'per-vu-iterations',
      vus,
      iterations: 1,
      maxDuration: `${duration + 300}s`,
    },
  },
  setupTimeout: '5m',
  summaryTrendStats,
  thresholds: {
    devices_attached: ['rate==1'],
    messages_arrived: ['rate==1'],
    messages_ordered: ['rate==1'],
    message_latency: [below(95, 100), below(99, 250)],
    sockets_dropped: ['count==0'],
    http_req_failed: ['rate==0'],
  },
};

export const setup = (): void => signInAll(devices);

export default async function messages(): Promise<void> {
  const crowd = share(devices).map((n) => {
    const ledger = new Ledger();
    const message = ({ data, queued }: Incoming): void => ledger.received(data as Note, !queued);
    return { n, ledger, device: newDevice(n, { message }), count: 0, busy: Promise.resolve() };
  });
  await inTurn(crowd, 10, ({ n, device }) => attach(device, n));
  await paced(rate / vus, duration, async (turn) => {
    const one = crowd[turn % crowd.length];
    if (one === undefined) return;
    // One after the other to the same user, or the order would be nobody's.
    one.busy = one.busy.then(async () => {
      one.count += 1;
      const n = one.count;
      await send(userOf(one.n), { n, at: Date.now() });
      one.ledger.accepted(n);
      sent.add(1);
    });
    await one.busy;
  });
  await until(() => crowd.every(({ ledger }) => ledger.complete), 15);
  for (const { device, ledger } of crowd) {
    ledger.close();
    repeated.add(device.repeated);
    device.close();
  }
}

export const handleSummary = summary;
