/** All devices connect within a few seconds, leave, and come back at once: a deploy of everything, or a lost data centre. */
import { attach, inTurn, newDevice, pause, share, signInAll, until } from './lib/crowd.ts';
import { summary, summaryTrendStats } from './lib/measures.ts';
import { below, number, vus } from './lib/settings.ts';

const devices = number('DEVICES', 1_000);
/** How many of a virtual user knock at once. */
const atOnce = number('AT_ONCE', 25);
const hold = number('HOLD', 5);

export const options = {
  scenarios: {
    storm: { executor: 'per-vu-iterations', vus, iterations: 1, maxDuration: '10m' },
  },
  setupTimeout: '5m',
  summaryTrendStats,
  thresholds: {
    devices_attached: ['rate==1'],
    attach_time: [below(99, 5000)],
    sockets_dropped: ['count==0'],
  },
};

export const setup = (): void => signInAll(devices);

export default async function storm(): Promise<void> {
  let open = 0;
  const closed = (): void => {
    open -= 1;
  };
  const crowd = share(devices).map((n) => ({ n, device: newDevice(n, { closed }) }));
  for (let round = 0; round < 2; round += 1) {
    await inTurn(crowd, atOnce, async ({ n, device }) => {
      if (await attach(device, n + round)) open += 1;
    });
    await pause(hold * 1000);
    for (const { device } of crowd) device.close();
    await until(() => open <= 0, 30);
  }
}

export const handleSummary = summary;
