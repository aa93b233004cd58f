/** What it costs to tell the subscribers of a channel. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Case, Figures, Opened } from './bench.ts';
import type { DeviceWire } from './device.ts';
import { type Load, startLoad } from './load.ts';
import { apiKey } from './sender.ts';
import { type Stage, type Subject, startStage } from './stage.ts';
import { cpuDuring } from './usage.ts';

const APP = 1;
const GATEWAYS = 2;
const ROUNDS = 5;
/** In one round: single messages cost about ten times as much as those in bursts. */
const DELIVERIES = { single: 200_000, burst: 800_000 } as const;
const BURST = 20;
/** Milliseconds after the last arrival. */
const SETTLE = 50;
const COUNT_TIMEOUT = 60_000;

interface Setting {
  readonly wire: DeviceWire;
  readonly gateways: number;
  readonly subscribers: number;
}

interface Parts {
  readonly stage: Stage;
  readonly load: Load;
  /** The channel whose subscribers are connected: one at a time, for the sake of open files. */
  current: string | undefined;
}

const settings: readonly Setting[] = (['v1', 'legacy'] as const).flatMap((wire) =>
  [1_000, 10_000].flatMap((subscribers) =>
    [1, 2].map((gateways): Setting => ({ wire, gateways, subscribers })),
  ),
);

const channelOf = ({ wire, gateways, subscribers }: Setting): string =>
  `bench_${wire}_${gateways}_${subscribers}`;

/** The old wire does not say when somebody is subscribed, and nobody when somebody has left. */
async function counted(stage: Stage, channel: string, count: number): Promise<void> {
  const url = `http://127.0.0.1:${stage.ingest.port}/v1/apps/${APP}/channels/${channel}`;
  const end = performance.now() + COUNT_TIMEOUT;
  for (;;) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${apiKey}` } });
    const { subscribers } = (await response.json()) as { subscribers: number };
    if (subscribers === count) return;
    if (performance.now() > end) throw new Error(`${channel} counts ${subscribers} of ${count}`);
    await pause(50);
  }
}

async function fill(parts: Parts, setting: Setting): Promise<string> {
  const channel = channelOf(setting);
  if (parts.current === channel) return channel;
  if (parts.current !== undefined) {
    await parts.load.unsubscribe({ channel: parts.current });
    await counted(parts.stage, parts.current, 0);
  }
  const { wire, gateways, subscribers: count } = setting;
  const ports = parts.stage.gateways.slice(0, gateways).map(({ port }) => port);
  await parts.load.subscribe({ channel, wire, ports, app: APP, count, atOnce: 64 });
  parts.current = channel;
  await counted(parts.stage, channel, count);
  return channel;
}

async function measure(parts: Parts, setting: Setting, burst: number): Promise<Figures> {
  const { stage, load } = parts;
  const channel = await fill(parts, setting);
  const wanted = burst === 1 ? DELIVERIES.single : DELIVERIES.burst;
  const messages = Math.ceil(wanted / setting.subscribers / burst) * burst;
  const deliveries = messages * setting.subscribers;
  const [first = 0, second = 0] = stage.gateways.map(({ pid }) => pid);
  let seconds = 0;
  const used = await cpuDuring({ first, second }, SETTLE, async () => {
    const { port } = stage.ingest;
    ({ seconds } = await load.broadcast({ channel, app: APP, port, messages, burst }));
  });
  return {
    'gateway µs': ((used.first + used.second) * 1e6) / deliveries,
    'deliveries/s': deliveries / seconds,
  };
}

async function open(subject: Subject): Promise<Opened> {
  const stage = await startStage(subject, GATEWAYS);
  const parts: Parts = { stage, load: startLoad(), current: undefined };
  const cases = settings.flatMap((setting) =>
    [1, BURST].map((burst): Case => {
      const { wire, gateways, subscribers } = setting;
      const to = `${subscribers.toLocaleString('en')} on ${gateways} gateway${gateways === 1 ? '' : 's'}`;
      return {
        name: `${wire}, ${to}, ${burst === 1 ? 'one at a time' : `bursts of ${burst}`}`,
        rounds: ROUNDS,
        warmUps: 1,
        measure: () => measure(parts, setting, burst),
      };
    }),
  );
  return {
    cases,
    async stop() {
      parts.load.stop();
      await stage.stop();
    },
  };
}

export const channels: Bench = {
  name: 'channels',
  about:
    'CPU of the gateways for each delivery of a channel message of about 120 bytes, to anonymous subscribers; published over ' +
    'one stream, the next when all have heard the last. With a burst of 20, all 20 in one frame.',
  open,
};
