/** Channels with many subscribers on all gateways: each publish reaches each of them, once. */
import { isAccepted, publish } from './lib/app-server.ts';
import { attach, inTurn, newDevice, paced, pause, share, signInAll, until } from './lib/crowd.ts';
import type { Incoming } from './lib/device.ts';
import type { Note } from './lib/ledger.ts';
import { arrived, latency, ordered, sent, summary, summaryTrendStats } from './lib/measures.ts';
import { below, duration, firstUser, number, vus } from './lib/settings.ts';

const subscribers = number('DEVICES', 400);
/** Publishes a second to each channel; every virtual user has one channel. */
const rate = number('RATE', 2);

export const options = {
  scenarios: {
    channels: {
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
    message_latency: [below(95, 200), below(99, 500)],
    sockets_dropped: ['count==0'],
    http_req_failed: ['rate==0'],
  },
};

export const setup = (): void => signInAll(subscribers);

export default async function channels(): Promise<void> {
  const mine = share(subscribers);
  const channel = `k6_${firstUser}_${mine[0]}`;
  const crowd = mine.map((n) => {
    const one = { n, got: 0, last: 0, device: newDevice(n, { channel: receive }, [channel]) };
    function receive({ data }: Incoming): void {
      const note = data as Note;
      ordered.add(note.n > one.last);
      one.last = note.n;
      one.got += 1;
      latency.add(Date.now() - note.at);
    }
    return one;
  });
  await inTurn(crowd, 10, ({ n, device }) => attach(device, n));
  // Subscribing has no answer on the old wire.
  await pause(1_000);
  let accepted = 0;
  await paced(rate, duration, async (turn) => {
    if (!(await isAccepted(publish(channel, { n: turn + 1, at: Date.now() })))) return;
    accepted += 1;
    sent.add(1);
  });
  await until(() => crowd.every(({ got }) => got >= accepted), 15);
  for (const { device, got } of crowd) {
    for (let i = 1; i <= Math.max(accepted, got); i += 1) arrived.add(i <= got && i <= accepted);
    device.close();
  }
}

export const handleSummary = summary;
