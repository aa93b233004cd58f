/** BullMQ's part of Redis: repeating jobs that exactly one worker carries out each time, however many there are. */
import { type Job, Queue, Worker } from 'bullmq';
import type { ClusterConfig } from './config.ts';
import { openJobs } from './connection.ts';
import { Keys } from './keys.ts';

const QUEUE = 'upkeep';

export interface RepeatingJob {
  readonly name: string;
  /** Milliseconds. */
  readonly every: number;
  run(): Promise<void>;
}

export interface Jobs {
  stop(): Promise<void>;
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
  worker.on('error', (error) => onError(error));
  worker.on('failed', (job, error) => onError(error, job?.name));
  const schedule = async (): Promise<void> => {
    for (const { name, every } of jobs) {
      await queue.upsertJobScheduler(
        name,
        { every },
        { name, opts: { removeOnComplete: true, removeOnFail: 10 } },
      );
    }
  };
  // Waits for Redis as long as it takes; and again after each reconnect, for Redis may have come back empty.
  const upsert = (): void => void schedule().catch(onError);
  connection.on('ready', upsert);
  upsert();
  worker.run().catch(onError);
  return {
    async stop() {
      connection.off('ready', upsert);
      await Promise.race([
        Promise.all([worker.close(), queue.close()]),
        new Promise((resolve) => setTimeout(resolve, 3_000).unref()),
      ]);
      connection.disconnect();
    },
  };
}
