/** BullMQ's part of Redis: repeating jobs that exactly one worker carries out each time, however many there are. */
import { type Job, Queue, Worker } from 'bullmq';
import type { ClusterConfig } from './config.ts';
import { openJobs } from './connection.ts';
import { Keys } from './keys.ts';

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
  stop(): Promise<void>;
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

/** Starts carrying out `jobs`; `onError` gets faults of jobs and of the connection, which do not end the worker. */
export async function startJobs(
  config: ClusterConfig,
  jobs: readonly RepeatingJob[],
  onError: (error: Error, job?: string) => void,
): Promise<Jobs> {
  const prefix = new Keys(config.prefix).jobs;
  const connection = openJobs(config.redis);
  connection.on('error', () => {});
  const queue = new Queue(QUEUE, { connection, prefix });
  queue.on('error', onError);
  const byName = new Map(jobs.map((job) => [job.name, job]));
  const worker = new Worker(QUEUE, async (job: Job) => byName.get(job.name)?.run(), {
    connection,
    prefix,
    concurrency: jobs.length,
    autorun: false,
  });
  worker.on('failed', (job, error) => onError(error, job?.name));
  const schedule = async (): Promise<void> => {
    for (const job of jobs) await plan(queue, job);
  };
  // Waits for Redis as long as it takes; and again after each reconnect, for Redis may have come back empty, and after each
  // refusal, which may have hit the note of when a job is due next.
  const upsert = (): void => void schedule().catch(onError);
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look(queue, jobs)
      .catch(onError)
      .finally(() => {
        looking = undefined;
      });
  }, LOOK);
  connection.on('ready', upsert);
  upsert();
  let pause: NodeJS.Timeout | undefined;
  worker.on('error', (error) => {
    onError(error);
    if (pause !== undefined || connection.status !== 'ready') return;
    // The library asks again at once: a Redis that is full, a thousand times a second.
    worker.pause(true).catch(onError);
    pause = setTimeout(() => {
      pause = undefined;
      if (connection.status === 'ready') upsert();
      worker.resume().catch(onError);
    }, PAUSE);
  });
  worker.run().catch(onError);
  return {
    async stop() {
      clearInterval(timer);
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
