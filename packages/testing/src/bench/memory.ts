/** Memory of a gateway that holds many idle sessions. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Case, Figures, Opened } from './bench.ts';
import type { DeviceWire } from './device.ts';
import { startLoad } from './load.ts';
import { type Member, type Subject, startStage } from './stage.ts';
import { median, residentBytes } from './usage.ts';

/** Sessions there before the first reading: the code is compiled, the pools are filled. */
const FIRST = 1_000;
/** Sessions that are added: with them the gateway stays under 20,000 open files, an ordinary limit. */
const MORE = 16_000;
const PER_SECOND = 2_000;
/** Seconds in which an idle heap comes to rest: V8 collects some seconds after the work ended. */
const SETTLE = 10;
const SAMPLES = 9;

interface Reading {
  readonly resident: number;
  readonly heap: number;
  readonly external: number;
}

async function read(gateway: Member): Promise<Reading> {
  await pause(SETTLE * 1000);
  const samples: number[] = [];
  while (samples.length < SAMPLES) {
    samples.push(residentBytes(gateway.pid));
    await pause(250);
  }
  const metrics = await gateway.metrics();
  return {
    resident: median(samples),
    heap: metrics.get('encke_nodejs_heap_size_used_bytes') ?? Number.NaN,
    external: metrics.get('encke_nodejs_external_memory_bytes') ?? Number.NaN,
  };
}

async function measure(subject: Subject, wire: DeviceWire): Promise<Figures> {
  const stage = await startStage(subject);
  const devices = startLoad();
  try {
    const { port } = stage.gateway;
    const group = wire;
    await devices.setHashes({ port: stage.ingest.port, app: 1, first: 1, count: FIRST + MORE });
    const pace = { group, wire, port, app: 1, atOnce: 64, perSecond: PER_SECOND };
    await devices.connect({ ...pace, first: 1, count: FIRST });
    const before = await read(stage.gateway);
    await devices.connect({ ...pace, first: 1 + FIRST, count: MORE });
    const after = await read(stage.gateway);
    const sessions = (await stage.gateway.metrics()).get('encke_sessions');
    if (sessions !== FIRST + MORE) throw new Error(`the gateway has ${sessions} sessions`);
    return {
      'RSS bytes': (after.resident - before.resident) / MORE,
      'heap bytes': (after.heap - before.heap) / MORE,
      'external bytes': (after.external - before.external) / MORE,
      'before MiB': before.resident / 2 ** 20,
      'after MiB': after.resident / 2 ** 20,
    };
  } finally {
    devices.stop();
    await stage.stop();
  }
}

/** Each case has a gateway of its own: memory that one filled would be free for the next. */
function open(subject: Subject): Promise<Opened> {
  const cases = (['v1', 'legacy'] as const).map(
    (wire): Case => ({ name: wire, rounds: 1, warmUps: 0, measure: () => measure(subject, wire) }),
  );
  return Promise.resolve({ cases, stop: () => Promise.resolve() });
}

export const memory: Bench = {
  name: 'memory',
  about:
    'Gateway memory for each idle authorised session: 16,000 more on a gateway that has 1,000; no forced collection.',
  open,
};
