import type { Cluster } from '@encke/cluster';
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
  const { stats } = cluster;
  const count = (name: string, help: string, read: () => number) =>
    metrics.read('counter', `encke_messages_${name}_total`, help, read);
  count('appended', 'Messages stored.', () => stats.appended);
  count('told', 'Sessions told of a message when it was stored.', () => stats.told);
  count('queued', 'Messages stored while their user had no session.', () => stats.queued);
  count('overflowed', 'Unconfirmed messages pushed out by the inbox cap.', () => stats.overflowed);
  count('expired', 'Messages whose ttl passed unconfirmed.', () => stats.expired);
  count('published', 'Messages published to channels.', () => stats.published);
  count('published_told', 'Sockets told of messages to channels.', () => stats.publishedTold);
  metrics.read('gauge', 'encke_cometql_connections', 'Open connections.', () => connections.count);
  metrics.read(
    'counter',
    'encke_cometql_refused_total',
    'Connections over the limit.',
    () => connections.refused,
  );
  metrics.readEach('counter', 'encke_cometql_logins_total', 'Logins.', 'outcome', () => logins);
}
