/** Online users get private messages at a steady pace: how long from sending until the device has it, and is each there? */
import { Correspondence } from './lib/correspondence.ts';
import { attach, inTurn, newDevice, paced, share, signInAll, until, userOf } from './lib/crowd.ts';
import { repeated, summary, summaryTrendStats } from './lib/measures.ts';
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
    const post = new Correspondence(userOf(n));
    return { n, post, device: newDevice(n, { message: (incoming) => post.receive(incoming) }) };
  });
  await inTurn(crowd, 10, ({ n, device }) => attach(device, n));
  await paced(rate / vus, duration, async (turn) => {
    await crowd[turn % crowd.length]?.post.tell();
  });
  await until(() => crowd.every(({ post }) => post.ledger.complete), 15);
  for (const { device, post } of crowd) {
    post.ledger.close();
    repeated.add(device.repeated);
    device.close();
  }
}

export const handleSummary = summary;
