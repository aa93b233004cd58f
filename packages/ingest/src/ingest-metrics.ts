import type { Cluster } from '@encke/cluster';
import type { Metrics } from '@encke/service';
import type { Streams } from './streams.ts';

/** What this process knows of messages and streams, read when somebody asks. */
export function registerIngestMetrics(metrics: Metrics, cluster: Cluster, streams: Streams): void {
  const { stats } = cluster;
  const count = (name: string, help: string, read: () => number) =>
    metrics.read('counter', `encke_messages_${name}_total`, help, read);
  count('appended', 'Messages stored.', () => stats.appended);
  count('repeated', 'First answers given again for an idempotency key.', () => stats.repeated);
  count('told', 'Sessions told of a message when it was stored.', () => stats.told);
  count('queued', 'Messages stored while their user had no session.', () => stats.queued);
  count('overflowed', 'Unconfirmed messages pushed out by the inbox cap.', () => stats.overflowed);
  count('expired', 'Messages whose ttl passed unconfirmed.', () => stats.expired);
  count('published', 'Messages published to channels.', () => stats.published);
  count('published_told', 'Sockets told of messages to channels.', () => stats.publishedTold);
  metrics.read('gauge', 'encke_stream_connections', 'Open streams.', () => streams.connections);
  metrics.read(
    'gauge',
    'encke_stream_inflight',
    'Stream lines without an answer.',
    () => streams.inflight,
  );
}
