import type { RepeatingJob, Sweeper } from '@encke/cluster';
import type { Context } from '@encke/service';

/** Users whose last session has been gone for the grace time are offline now. */
export function settleOffline(sweeper: Sweeper, { metrics }: Context): RepeatingJob {
  const offline = metrics.counter('encke_users_offline_total', 'Users that went offline');
  return {
    name: 'settle-offline',
    every: 1_000,
    async run() {
      offline.inc(await sweeper.settleOffline());
    },
  };
}
