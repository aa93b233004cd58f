/** The worker: what happens by the clock, never on the live path. Any number of them share the jobs. */
import { openCluster, RedisUnavailable, type RepeatingJob, startJobs } from '@encke/cluster';
import { type Context, NowAndThen, type Running } from '@encke/service';
import { settleOffline } from './settle-offline.ts';
import { sweepNodes } from './sweep-nodes.ts';

/** Milliseconds between two log lines about jobs that fail. */
const QUIET = 10_000;

/** Starts also while Redis is away: the jobs wait for it. */
export async function startWorker(context: Context): Promise<Running> {
  const { config, log, metrics } = context;
  const cluster = await openCluster(config);
  const sweeper = cluster.sweeper();
  const failed = metrics.counter('encke_jobs_failed_total', 'Jobs that ended with an error', [
    'job',
  ]);
  const jobs: RepeatingJob[] = [sweepNodes(sweeper, context), settleOffline(sweeper, context)];
  const lines = new NowAndThen(QUIET);
  const onError = (error: Error, job?: string): void => {
    if (job !== undefined) failed.inc({ job });
    // While Redis is away every job fails; /readyz says so already.
    if (error instanceof RedisUnavailable || !cluster.available()) return;
    // While it is full, too, and nothing else says so.
    const failures = lines.due();
    if (failures !== undefined) log.error({ err: error, job, failures }, 'job failed');
  };
  let told: string | undefined;
  const onPolicy = (policy: string): void => {
    if (policy !== 'noeviction' && policy !== told)
      log.warn(
        { policy },
        'Redis throws messages away when it is full: set maxmemory-policy noeviction',
      );
    told = policy;
  };
  const running = await startJobs(config, jobs, onError, onPolicy);
  return {
    port: 0,
    unready: () => cluster.unready() ?? running.unready(),
    drain: () => running.stop(),
    stop: () => cluster.close(),
  };
}
