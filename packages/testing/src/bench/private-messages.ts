/** CPU of one private message, from an application server's request to the receipt of the device. */
import type { Bench, Case, Figures, Opened } from './bench.ts';
import type { DeviceWire } from './device.ts';
import { type Load, startLoad } from './load.ts';
import type { SendOrder } from './sender.ts';
import { type Stage, type Subject, startStage } from './stage.ts';
import { cpuDuring } from './usage.ts';

const USERS = 1_000;
const ROUNDS = 5;
/** Milliseconds after the last message: receipts gather in the device and in the gateway. */
const SETTLE = 600;

type Way = Pick<SendOrder, 'way' | 'messages' | 'atOnce'> & { readonly name: string };

const ways: readonly Way[] = [
  { name: 'one by one', way: 'single', messages: 10_000, atOnce: 32 },
  { name: 'batches of 100', way: 'batch', messages: 20_000, atOnce: 2 },
  { name: 'stream', way: 'stream', messages: 20_000, atOnce: 256 },
];
const wires: readonly { wire: DeviceWire; app: number; receipt: string }[] = [
  { wire: 'v1', app: 1, receipt: 'ack' },
  { wire: 'legacy', app: 2, receipt: 'pong' },
];

interface Parts {
  readonly stage: Stage;
  readonly devices: Load;
  readonly sender: Load;
}

async function measure(
  { stage, devices, sender }: Parts,
  wire: DeviceWire,
  app: number,
  { way, messages, atOnce }: Way,
): Promise<Figures> {
  const { port } = stage.ingest;
  await devices.watch({ group: wire, delays: false });
  let seconds = 0;
  const used = await cpuDuring(stage.pids, SETTLE, async () => {
    const sent = await sender.send({ way, port, app, first: 1, count: USERS, messages, atOnce });
    seconds = sent.seconds;
    const { arrived, faults } = await devices.arrived({ group: wire, messages });
    if (faults.length > 0) throw new Error(faults.join('\n'));
    if (arrived !== messages) throw new Error(`${arrived} of ${messages} messages arrived`);
  });
  const each = (cpu: number) => (cpu * 1e6) / messages;
  return {
    'total µs': each(used.ingest + used.redis + used.gateway),
    'ingest µs': each(used.ingest),
    'redis µs': each(used.redis),
    'gateway µs': each(used.gateway),
    'messages/s': messages / seconds,
  };
}

async function open(subject: Subject): Promise<Opened> {
  const stage = await startStage(subject);
  const parts = { stage, devices: startLoad(), sender: startLoad() };
  const connected = new Set<DeviceWire>();
  async function connect(wire: DeviceWire, app: number): Promise<void> {
    if (connected.has(wire)) return;
    connected.add(wire);
    const users = { app, first: 1, count: USERS };
    await parts.sender.setHashes({ port: stage.ingest.port, ...users });
    const { port } = stage.gateway;
    await parts.devices.connect({ group: wire, wire, port, ...users, atOnce: 64 });
  }
  const cases = wires.flatMap(({ wire, app, receipt }) =>
    ways.map(
      (way): Case => ({
        name: `${wire} (${receipt}), ${way.name}`,
        rounds: ROUNDS,
        warmUps: 1,
        async measure() {
          await connect(wire, app);
          return measure(parts, wire, app, way);
        },
      }),
    ),
  );
  return {
    cases,
    async stop() {
      parts.devices.stop();
      parts.sender.stop();
      await stage.stop();
    },
  };
}

export const privateMessages: Bench = {
  name: 'private',
  about:
    'CPU of one private message with its receipt, to 1,000 online users with one device each; about 120 bytes of data. ' +
    'One by one: 32 keep-alive connections. Batches: 2 at once. Stream: 256 lines at once.',
  open,
};
