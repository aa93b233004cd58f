import type { RepeatingJob, Sweeper } from '@encke/cluster';
import type { Context } from '@encke/service';

/** Takes the sessions of dead gateways out of the registry. */
export function sweepNodes(sweeper: Sweeper, { log, metrics }: Context): RepeatingJob {
  const nodes = metrics.counter('encke_nodes_swept_total', 'Gateways found dead');
  const sessions = metrics.counter('encke_sessions_swept_total', 'Sessions they left behind');
  return {
    name: 'sweep-nodes',
    every: 4_000,
    async run() {
      await sweeper.sweepNodes((node, dropped) => {
        nodes.inc();
        sessions.inc(dropped);
        log.warn({ node, sessions: dropped }, 'swept a dead gateway');
      });
    },
  };
}
