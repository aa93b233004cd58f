/** Hours of ordinary days: devices come and go, messages never stop, and nothing may be missing or grow. */
import http from 'k6/http';
import { Trend } from 'k6/metrics';
import { Correspondence } from './lib/correspondence.ts';
import {
  attach,
  inTurn,
  newDevice,
  paced,
  pause,
  share,
  signInAll,
  until,
  userOf,
} from './lib/crowd.ts';
import { attached, attachTime, repeated, summary, summaryTrendStats } from './lib/measures.ts';
import { below, duration, number, vus } from './lib/settings.ts';

const devices = number('DEVICES', 200);
const rate = number('RATE', 50);
/** Devices a second that leave and come back to another gateway. */
const churn = number('CHURN', 5);
/** Megabytes that a process may have; only with ADMIN. */
const memory = number('MEMORY', 768);
/** The admin ports of processes whose memory is watched. */
const admin = (__ENV.ADMIN ?? '').split(',').filter((url) => url !== '');

const rss = new Trend('rss_bytes');

export const options = {
  scenarios: {
    day: {
      executor: 'per-vu-iterations',
      vus,
      iterations: 1,
      maxDuration: `${duration + 300}s`,
    },
    ...(admin.length > 0 && {
      memory: {
        executor: 'constant-arrival-rate',
        exec: 'watch',
        rate: 1,
        timeUnit: '10s',
        duration: `${duration}s`,
        preAllocatedVUs: 1,
      },
    }),
  },
  setupTimeout: '5m',
  summaryTrendStats,
  thresholds: {
    devices_attached: ['rate==1'],
    messages_arrived: ['rate==1'],
    messages_ordered: ['rate==1'],
    message_latency: [below(95, 100), below(99, 500)],
    http_req_failed: ['rate==0'],
    ...(admin.length > 0 && { rss_bytes: [`max<${memory * 2 ** 20}`] }),
  },
};

export const setup = (): void => signInAll(devices);

interface Guest {
  readonly n: number;
  readonly post: Correspondence;
  readonly device: ReturnType<typeof newDevice>;
  visits: number;
  /** It is on its way back. */
  away: boolean;
  /** Its day is over. */
  gone: boolean;
}

function guest(n: number): Guest {
  const post = new Correspondence(userOf(n));
  const device = newDevice(n, {
    message: (incoming) => post.receive(incoming),
    // A gateway that goes or dies: as any device does, it looks for another one.
    closed: (wanted) => {
      if (!wanted) void comeBack(one);
    },
  });
  const one = { n, post, device, visits: 0, away: false, gone: false };
  return one;
}

async function comeBack(one: Guest): Promise<void> {
  if (one.away) return;
  one.away = true;
  let there = false;
  for (let tries = 0; tries < 20 && !there; tries += 1) {
    await pause(200 + Math.random() * 2_000);
    if (one.gone) break;
    one.visits += 1;
    try {
      attachTime.add(await one.device.connect(one.n + one.visits));
      there = true;
    } catch {
      // That gateway is down: the next one.
    }
  }
  attached.add(there);
  one.away = false;
  if (one.gone) one.device.close();
}

async function reload(one: Guest | undefined): Promise<void> {
  if (one === undefined || one.away) return;
  one.device.close();
  await comeBack(one);
}

export default async function day(): Promise<void> {
  const crowd = share(devices).map(guest);
  await inTurn(crowd, 10, ({ n, device }) => attach(device, n));
  await Promise.all([
    paced(rate / vus, duration, async (turn) => crowd[turn % crowd.length]?.post.tell()),
    paced(churn / vus, duration, () => reload(crowd[Math.floor(Math.random() * crowd.length)])),
  ]);
  await until(() => crowd.every(({ post, away }) => post.ledger.complete && !away), 30);
  for (const one of crowd) {
    one.post.ledger.close();
    repeated.add(one.device.repeated);
    one.gone = true;
    one.device.close();
  }
}

export function watch(): void {
  for (const url of admin) {
    const { body } = http.get(`${url}/metrics`, { tags: { name: 'GET metrics' } });
    const [, bytes] = /^encke_process_resident_memory_bytes\S* (\S+)/m.exec(String(body)) ?? [];
    rss.add(Number(bytes), { process: url });
  }
}

export const handleSummary = summary;
