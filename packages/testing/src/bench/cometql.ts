/** CPU and rate of messages that come as SQL. */
import type { Bench, Case, Figures, Opened } from './bench.ts';
import { type Load, startLoad } from './load.ts';
import { type Member, type Stage, type Subject, startStage } from './stage.ts';
import { cpuDuring } from './usage.ts';

const USERS = 1_000;
const ROUNDS = 5;
const APP = 1;
/** Milliseconds after the last message: receipts gather in the device and in the gateway. */
const SETTLE = 600;

interface Way {
  readonly name: string;
  readonly connections: number;
  readonly rows: number;
  readonly messages: number;
}

const ways: readonly Way[] = [
  { name: 'one row, 1 connection', connections: 1, rows: 1, messages: 5_000 },
  { name: 'one row, 8 connections', connections: 8, rows: 1, messages: 10_000 },
  { name: '100 rows, 1 connection', connections: 1, rows: 100, messages: 20_000 },
  { name: '100 rows, 8 connections', connections: 8, rows: 100, messages: 20_000 },
];

interface Parts {
  readonly stage: Stage;
  readonly cometql: Member;
  readonly devices: Load;
  readonly sender: Load;
}

async function measure({ stage, cometql, devices, sender }: Parts, way: Way): Promise<Figures> {
  const { messages, rows, connections } = way;
  await devices.watch({ group: 'v1', delays: false });
  let seconds = 0;
  const { redis, gateway } = stage.pids;
  const used = await cpuDuring({ cometql: cometql.pid, redis, gateway }, SETTLE, async () => {
    const users = { port: cometql.port, app: APP, first: 1, count: USERS };
    ({ seconds } = await sender.sendSql({ ...users, messages, rows, connections }));
    const { arrived, faults } = await devices.arrived({ group: 'v1', messages });
    if (faults.length > 0) throw new Error(faults.join('\n'));
    if (arrived !== messages) throw new Error(`${arrived} of ${messages} messages arrived`);
  });
  const each = (cpu: number) => (cpu * 1e6) / messages;
  return {
    'messages/s': messages / seconds,
    'total µs': each(used.cometql + used.redis + used.gateway),
    'cometql µs': each(used.cometql),
    'redis µs': each(used.redis),
    'gateway µs': each(used.gateway),
  };
}

async function open(subject: Subject): Promise<Opened> {
  const stage = await startStage(subject);
  const cometql = await stage.add('cometql');
  const parts = { stage, cometql, devices: startLoad(), sender: startLoad() };
  const users = { app: APP, first: 1, count: USERS };
  await parts.sender.setHashes({ port: stage.ingest.port, ...users });
  const { port } = stage.gateway;
  await parts.devices.connect({ group: 'v1', wire: 'v1', port, ...users, atOnce: 64 });
  return {
    cases: ways.map(
      (way): Case => ({
        name: way.name,
        rounds: ROUNDS,
        warmUps: 1,
        measure: () => measure(parts, way),
      }),
    ),
    async stop() {
      parts.devices.stop();
      parts.sender.stop();
      await stage.stop();
    },
  };
}

export const cometql: Bench = {
  name: 'cometql',
  about:
    'messages as INSERT INTO users_messages, to 1,000 online users with one device each that confirms; about 120 bytes of data. ' +
    'Each connection waits for its answer.',
  open,
};
