/** From the application server's send to the arrival in the device, on one clock, at an even pace. */
import type { Bench, Case, Figures, Opened } from './bench.ts';
import { type Load, startLoad } from './load.ts';
import { type Stage, type Subject, startStage } from './stage.ts';

const USERS = 1_000;
const SECONDS = 5;
const ROUNDS = 3;
const group = 'devices';
const users = { app: 1, first: 1, count: USERS };

async function measure(
  stage: Stage,
  devices: Load,
  sender: Load,
  perSecond: number,
): Promise<Figures> {
  await devices.watch({ group, delays: true });
  const { port } = stage.ingest;
  const { sent } = await sender.pace({ port, ...users, perSecond, seconds: SECONDS });
  const { arrived, faults, delay } = await devices.arrived({ group, messages: sent });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  if (arrived !== sent || !delay) throw new Error(`${arrived} of ${sent} messages arrived`);
  return { 'p50 ms': delay.p50, 'p99 ms': delay.p99, 'max ms': delay.max };
}

async function open(subject: Subject): Promise<Opened> {
  const stage = await startStage(subject);
  const devices = startLoad();
  const sender = startLoad();
  await sender.setHashes({ port: stage.ingest.port, ...users });
  const { port } = stage.gateway;
  await devices.connect({ group, wire: 'v1', port, ...users, atOnce: 64 });
  const cases = [1_000, 5_000].map(
    (perSecond): Case => ({
      name: `${perSecond.toLocaleString('en')} messages/s`,
      rounds: ROUNDS,
      warmUps: 1,
      measure: () => measure(stage, devices, sender, perSecond),
    }),
  );
  return {
    cases,
    async stop() {
      devices.stop();
      sender.stop();
      await stage.stop();
    },
  };
}

export const latency: Bench = {
  name: 'latency',
  about:
    'Milliseconds from the write to the stream until the device has the message: 1,000 v1 devices, one stream, ' +
    'what is due within a millisecond in one frame.',
  open,
};
