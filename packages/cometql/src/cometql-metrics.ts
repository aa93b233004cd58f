import { acceptanceCounters, type Cluster } from '@encke/cluster';
import type { Metrics } from '@encke/service';
import type { House } from './client.ts';
import type { Connections } from './connections.ts';

/** What this process knows of messages and connections, read when somebody asks. */
export function registerCometqlMetrics(
  metrics: Metrics,
  cluster: Cluster,
  connections: Connections,
  logins: House['logins'],
): void {
  for (const counter of acceptanceCounters(cluster.stats)) metrics.read('counter', ...counter);
  metrics.read('gauge', 'encke_cometql_connections', 'Open connections.', () => connections.count);
  metrics.read(
    'counter',
    'encke_cometql_refused_total',
    'Connections over the limit.',
    () => connections.refused,
  );
  metrics.readEach('counter', 'encke_cometql_logins_total', 'Logins.', 'outcome', () => logins);
}
