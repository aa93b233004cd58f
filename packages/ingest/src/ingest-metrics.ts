import { acceptanceCounters, type Cluster } from '@encke/cluster';
import type { Metrics } from '@encke/service';
import type { Streams } from './streams.ts';

/** What this process knows of messages and streams, read when somebody asks. */
export function registerIngestMetrics(metrics: Metrics, cluster: Cluster, streams: Streams): void {
  const { stats } = cluster;
  for (const counter of acceptanceCounters(stats)) metrics.read('counter', ...counter);
  const repeated = 'First answers given again for an idempotency key';
  metrics.read('counter', 'encke_messages_repeated_total', repeated, () => stats.repeated);
  metrics.read('gauge', 'encke_stream_connections', 'Open streams.', () => streams.connections);
  metrics.read(
    'gauge',
    'encke_stream_inflight',
    'Stream lines without an answer.',
    () => streams.inflight,
  );
}
