import { Api } from './api.ts';
import { eventually } from './eventually.ts';
import { type Env, type ProcessName, startProcess, type TestProcess } from './process.ts';
import type { TestRedis } from './redis.ts';

export interface NodesOptions {
  readonly redis: Pick<TestRedis, 'env'>;
  /** How many gateways; 2 unless told. */
  readonly gateways?: number;
  readonly ingest?: boolean;
  readonly cometql?: boolean;
  readonly worker?: boolean;
  /** For every process, over the defaults of `startProcess`. */
  readonly env?: Env;
}

export interface Nodes {
  readonly gateways: readonly TestProcess[];
  readonly ingest: TestProcess | undefined;
  readonly cometql: TestProcess | undefined;
  readonly worker: TestProcess | undefined;
  /** Every process that has been started, the dead ones too. */
  readonly all: readonly TestProcess[];
  /** `127.0.0.1:<port>` of every gateway that has been started, the dead ones too. */
  readonly addresses: readonly string[];
  readonly api: Api;
  /** What they were all started with. */
  readonly env: Env;
  /** One more process, with the same environment. */
  add(name: ProcessName, env?: Env): Promise<TestProcess>;
  /** SIGTERM to all that still run, resolved when they are gone. */
  stop(): Promise<void>;
}

let prefixes = 0;

/** A gateway listens before Redis has answered its subscription to the bus. */
async function untilReady(gateway: TestProcess): Promise<void> {
  const check = async () => {
    const status = await gateway.ready();
    if (status !== 200) throw new Error(`the gateway is not ready: ${status}`);
  };
  await eventually(check, { timeout: 30_000 });
}

/** Gateways, ingest and perhaps a worker around one Redis, with a key prefix of their own. */
export async function startNodes(options: NodesOptions): Promise<Nodes> {
  const { redis, gateways: count = 2, ingest: wantsIngest = true, worker: wantsWorker } = options;
  prefixes += 1;
  const env = {
    ENCKE_REDIS_PREFIX: `t${process.pid}x${prefixes}`,
    ...redis.env,
    ...options.env,
  };
  const gateways: TestProcess[] = [];
  const running: TestProcess[] = [];
  const start = async (name: ProcessName, more: Env = {}) => {
    const started = await startProcess(name, { ...env, ...more });
    running.push(started);
    if (name === 'gateway') gateways.push(started);
    return started;
  };
  const stop = async () => {
    await Promise.all(running.map((one) => (one.alive ? one.stop() : undefined)));
  };
  const starts = await Promise.allSettled([
    wantsIngest ? start('ingest') : undefined,
    wantsWorker === true ? start('worker') : undefined,
    options.cometql === true ? start('cometql') : undefined,
    ...Array.from({ length: count }, async () => untilReady(await start('gateway'))),
  ]);
  const failed = starts.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const ingest = running.find(({ name }) => name === 'ingest');
  return {
    gateways,
    ingest,
    all: running,
    cometql: running.find(({ name }) => name === 'cometql'),
    worker: running.find(({ name }) => name === 'worker'),
    get addresses() {
      return gateways.map(({ address }) => address);
    },
    api: new Api(`http://${ingest?.address ?? 'no-ingest.invalid'}`),
    env,
    add: start,
    stop,
  };
}
