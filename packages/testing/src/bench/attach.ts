/** What it costs that a known user's device arrives: TCP, upgrade, key check, registration, backlog; and that it leaves. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Case, Figures, Opened } from './bench.ts';
import type { DeviceWire } from './device.ts';
import { type Load, startLoad } from './load.ts';
import { type Member, type Stage, type Subject, startStage } from './stage.ts';
import { cpuDuring } from './usage.ts';

const DEVICES = 3_000;
const AT_ONCE = 64;
const ROUNDS = 5;
/** Milliseconds. */
const SETTLE = 100;
const LEAVE_TIMEOUT = 20_000;

async function allLeft(gateway: Member): Promise<void> {
  const end = performance.now() + LEAVE_TIMEOUT;
  while ((await gateway.metrics()).get('encke_connections') !== 0) {
    if (performance.now() > end) throw new Error('the gateway still counts connections');
    await pause(100);
  }
}

async function measure(stage: Stage, devices: Load, wire: DeviceWire): Promise<Figures> {
  const { port } = stage.gateway;
  const group = wire;
  const users = { app: 1, first: 1, count: DEVICES };
  let seconds = 0;
  const arriving = await cpuDuring(stage.pids, SETTLE, async () => {
    ({ seconds } = await devices.connect({ group, wire, port, ...users, atOnce: AT_ONCE }));
  });
  const leaving = await cpuDuring(stage.pids, SETTLE, async () => {
    await devices.leave({ group });
    await allLeft(stage.gateway);
  });
  const each = (cpu: number) => (cpu * 1e6) / DEVICES;
  return {
    'attaches/s': DEVICES / seconds,
    'total µs': each(arriving.gateway + arriving.redis),
    'gateway µs': each(arriving.gateway),
    'redis µs': each(arriving.redis),
    'to leave µs': each(leaving.gateway + leaving.redis),
  };
}

async function open(subject: Subject): Promise<Opened> {
  const stage = await startStage(subject);
  const devices = startLoad();
  await devices.setHashes({ port: stage.ingest.port, app: 1, first: 1, count: DEVICES });
  const cases = (['v1', 'legacy'] as const).map(
    (wire): Case => ({
      name: wire,
      rounds: ROUNDS,
      warmUps: 1,
      measure: () => measure(stage, devices, wire),
    }),
  );
  return {
    cases,
    async stop() {
      devices.stop();
      await stage.stop();
    },
  };
}

export const attach: Bench = {
  name: 'attach',
  about:
    '3,000 authorised devices of as many users arrive at one gateway, 64 at once, then leave. CPU for each of them.',
  open,
};
