/** BullMQ's part of Redis: repeating jobs that exactly one worker carries out each time, however many there are. */
import { type Job, Queue, Worker } from 'bullmq';
import type { ClusterConfig, RedisConfig } from './config.ts';
import { type Client, openJobs } from './connection.ts';
import { Keys } from './keys.ts';
import { away, wordOf } from './unavailable.ts';

const QUEUE = 'upkeep';
/** Milliseconds between two looks whether the jobs are still planned. */
const LOOK = 5_000;
/** Milliseconds in which no job is asked for after Redis refused something. */
const PAUSE = 1_000;

export interface RepeatingJob {
  readonly name: string;
  /** Milliseconds. */
  readonly every: number;
  run(): Promise<void>;
}

export interface Jobs {
  /** undefined: they are looked after; else why not. */
  unready(): string | undefined;
  stop(): Promise<void>;
}

/** What Redis says of itself. */
type Info = (...words: unknown[]) => Promise<string>;

/** The connection of the jobs, and the copy of it on which BullMQ waits for them. */
class Connections {
  readonly first: Client;
  readonly #all: Client[] = [];
  readonly #onPolicy: (policy: string) => void;
  #why: string | undefined;

  constructor(config: RedisConfig, onPolicy: (policy: string) => void) {
    this.#onPolicy = onPolicy;
    this.first = this.#watch(openJobs(config));
    const duplicate = this.first.duplicate as (...how: unknown[]) => Client;
    this.first.duplicate = (...how: unknown[]) =>
      this.#watch(duplicate.apply(this.first, how)) as never;
  }

  #watch(one: Client): Client {
    this.#all.push(one);
    const info = one.info as Info;
    // The client's own look at it, which has a callback, is left alone.
    const ask: Info = (...words) =>
      words.length > 0
        ? info.apply(one, words)
        : info.call(one).then((answer) => this.#withoutPolicy(answer));
    one.info = ask as typeof one.info;
    one.on('error', (error) => {
      this.#why = wordOf(error) ?? this.#why;
    });
    one.on('ready', () => {
      this.#why = undefined;
    });
    return one;
  }

  /** BullMQ would speak of it on the console. */
  #withoutPolicy(info: string): string {
    const line = /^maxmemory_policy:(.*?)\r?$/m;
    const policy = line.exec(info)?.[1];
    if (policy !== undefined) this.#onPolicy(policy);
    return info.replace(line, '');
  }

  ready(): boolean {
    return this.#all.every(({ status }) => status === 'ready');
  }

  unready(): string | undefined {
    return this.ready() ? undefined : away(this.#why);
  }
}

const plan = (queue: Queue, { name, every }: RepeatingJob): Promise<unknown> =>
  queue.upsertJobScheduler(
    name,
    { every },
    { name, opts: { removeOnComplete: true, removeOnFail: 10 } },
  );

/**
 * Plans anew what nobody would do: Redis lost the plan while the connection stayed, or a job is due by a clock that has been
 * set back since, or by the faster clock of a worker that is gone.
 */
async function look(queue: Queue, jobs: readonly RepeatingJob[]): Promise<void> {
  for (const job of jobs) {
    const planned = await queue.getJobScheduler(job.name);
    const due = planned?.next ?? Number.POSITIVE_INFINITY;
    if (due <= Date.now() + job.every + LOOK) continue;
    await queue.removeJobScheduler(job.name);
    await plan(queue, job);
  }
}

/**
 * Starts carrying out `jobs`. `onError` gets faults of jobs, and of BullMQ while it is connected: they do not end the worker;
 * `onPolicy` what Redis does when its memory is full, its `maxmemory-policy`, for each new connection.
 */
export async function startJobs(
  config: ClusterConfig,
  jobs: readonly RepeatingJob[],
  onError: (error: Error, job?: string) => void,
  onPolicy: (policy: string) => void = () => {},
): Promise<Jobs> {
  const prefix = new Keys(config.prefix).jobs;
  const connections = new Connections(config.redis, onPolicy);
  const { first: connection } = connections;
  const onFault = (error: Error): void => {
    if (connections.ready()) onError(error);
  };
  const queue = new Queue(QUEUE, { connection, prefix });
  queue.on('error', onFault);
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const worker = new Worker(QUEUE, async (job: Job) => byName.get(job.name)?.run(), {
    connection,
    prefix,
    concurrency: jobs.length,
    autorun: false,
  });
  worker.on('failed', (job, error) => onError(error, job?.name));
  const planAll = async (): Promise<void> => {
    for (const job of jobs) await plan(queue, job);
  };
  // Waits for Redis as long as it takes; and again after each reconnect, for Redis may have come back empty, and after each
  // refusal, which may have hit the note of when a job is due next.
  const upsert = (): void => void planAll().catch(onFault);
  connection.on('ready', upsert);
  upsert();
  let looking: Promise<void> | undefined;
  const looks = setInterval(() => {
    looking ??= look(queue, jobs)
      .catch(onFault)
      .finally(() => {
        looking = undefined;
      });
  }, LOOK);
  let pause: NodeJS.Timeout | undefined;
  worker.on('error', (error) => {
    onFault(error);
    if (pause !== undefined || !connections.ready()) return;
    // The library asks again at once: a Redis that is full, a thousand times a second.
    worker.pause(true).catch(onFault);
    pause = setTimeout(() => {
      pause = undefined;
      if (connections.ready()) upsert();
      worker.resume().catch(onFault);
    }, PAUSE);
  });
  worker.run().catch(onFault);
  return {
    unready: () => connections.unready(),
    async stop() {
      clearInterval(looks);
      connection.off('ready', upsert);
      clearTimeout(pause);
      await Promise.race([
        Promise.all([worker.close(), queue.close(), looking]),
        new Promise((resolve) => setTimeout(resolve, 3_000).unref()),
      ]);
      connection.disconnect();
    },
  };
}
