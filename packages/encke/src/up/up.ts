/** `encke up`: a Redis, every process, in one go on this machine; all of it gone again after Ctrl-C. */
import { join } from 'node:path';
import { ConfigError, hostFault, unknownVariables } from '@encke/service';
import { type Env, withKey } from '../api-key.ts';
import { Failure } from '../failure.ts';
import { obtainRedis } from '../redis-program.ts';
import { banner, withoutPassword } from './banner.ts';
import { forkChild } from './child.ts';
import { freePorts } from './free-ports.ts';
import { Keeper } from './keeper.ts';
import { type Lock, takeLock } from './lock.ts';
import { makePlan, type Plan } from './plan.ts';
import { outlast, startRedis } from './private-redis.ts';
import { awaitStop } from './stop-request.ts';

export interface UpOptions {
  readonly gateways: number;
  /** Used instead of a private one. */
  readonly redisUrl?: string;
  readonly env: Env;
  readonly folder: string;
  /** The file that the processes are forked from. */
  readonly entry: string;
  say(text: string): void;
}

interface UpRedis {
  readonly url: string;
  readonly description: string;
}

/** Seconds after its drain time at which a process is killed; it ends itself a second earlier. */
const patience = 6;

/** What runs, in the order it was started; ended in the opposite order. */
class Started {
  readonly #keepers: Keeper[][] = [];

  add(keepers: Keeper[]): void {
    this.#keepers.push(keepers);
  }

  async stop(): Promise<void> {
    for (const group of this.#keepers.splice(0).reverse())
      await Promise.all(group.map((keeper) => keeper.stop()));
  }

  kill(): void {
    for (const keeper of this.#keepers.flat()) keeper.kill();
  }
}

async function privateRedis(options: UpOptions, started: Started): Promise<UpRedis> {
  const { env, folder, say } = options;
  const program = await obtainRedis(env.PATH ?? '', say);
  const data = join(folder, 'redis');
  await outlast(data);
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const keeper = new Keeper('Redis', () => startRedis(program, data, port), say);
  started.add([keeper]);
  await keeper.ready;
  return {
    url: `redis://127.0.0.1:${port}`,
    description: `${program.version}, our own, on port ${port}, data in ${data}`,
  };
}

async function startAll(options: UpOptions, started: Started, stop: AbortSignal, lock: Lock) {
  const { folder, entry, say } = options;
  const env = withKey(options.env, folder);
  // Before anything is started or installed: faults in the environment.
  await makePlan(env, 1);
  for (const name of unknownVariables(env))
    say(`${name} is no setting of Encke's; see .env.example.`);
  const url = options.redisUrl ?? env.ENCKE_REDIS_URL;
  const redis: UpRedis = url
    ? { url, description: withoutPassword(url) }
    : await privateRedis(options, started);
  stop.throwIfAborted();
  const plan = await makePlan({ ...env, ENCKE_REDIS_URL: redis.url }, options.gateways);
  const children = plan.processes.map(
    (process) =>
      new Keeper(
        process.name,
        () => forkChild({ ...process, entry, patience: plan.config.drainSeconds + patience }),
        say,
      ),
  );
  started.add(children);
  await Promise.all(children.map((child) => child.ready));
  stop.throwIfAborted();
  lock.announce(plan);
  say(
    banner({
      plan,
      apiKey: plan.config.apiKeys[0] ?? '',
      redis: redis.description,
      ...(!options.env.ENCKE_API_KEY?.trim() && { keyFile: join(folder, 'api-key') }),
    }),
  );
  await warnUnready(plan, say);
}

/** With a Redis of the operator's that is away, everything runs and nothing works: say so. */
async function warnUnready(plan: Plan, say: (text: string) => void): Promise<void> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const answer = await fetch(plan.readiness).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) {
      say(`Not ready yet: ${(await answer?.text())?.trim() ?? 'no answer'}`);
      return;
    }
    await new Promise((resume) => setTimeout(resume, 100));
  }
}

/** Resolves with the exit code when everything has been stopped. */
export async function up(options: UpOptions): Promise<number> {
  const { folder, say } = options;
  const lock = takeLock(folder);
  if ('pid' in lock)
    throw new Failure(
      `Encke is already running in ${folder} (process ${lock.pid}${lock.ingest ? `, ${lock.ingest}` : ''}).`,
    );
  const started = new Started();
  const stop = awaitStop();
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve());
  });
  try {
    await Promise.race([startAll(options, started, stop.signal, lock), stopped]);
    await stopped;
    say('Stopping …');
    return 0;
  } catch (error) {
    const fault = error instanceof ConfigError ? error : hostFault(error);
    if (fault !== undefined) throw new Failure(fault.message, 2);
    if (stop.signal.aborted) return 0;
    throw error;
  } finally {
    stop.onRepeat(() => started.kill());
    await started.stop();
    lock.release();
    stop.release();
    if (stop.signal.aborted) say('Encke has stopped.');
  }
}
