/** What a gateway counts. The hot path adds to plain numbers; they are read when Prometheus asks. */
import type { Stats } from '@encke/cluster';
import type { CloseName } from '@encke/protocol';
import type { Metrics } from '@encke/service';
import type { Outcome } from './entrance.ts';

export class Counts {
  connections = 0;
  sessions = 0;
  delivered = 0;
  redelivered = 0;
  gaps = 0;
  busUps = 0;
  faults = 0;
  readonly attaches: Record<Outcome, number> = {
    authorized: 0,
    refused: 0,
    anonymous: 0,
    unavailable: 0,
    left: 0,
  };
  readonly closes: Partial<Record<CloseName, number>> = {};
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export interface Timings {
  busLag(seconds: number): void;
  delivery(seconds: number): void;
  roundTrip(seconds: number): void;
}

export function exposeCounts(metrics: Metrics, counts: Counts, stats: Stats): Timings {
  const { read, readEach } = metrics;
  read('gauge', 'encke_connections', 'Open sockets', () => counts.connections);
  read('gauge', 'encke_sessions', 'Sockets of known users', () => counts.sessions);
  readEach('counter', 'encke_attaches_total', 'Devices that arrived, by outcome', 'outcome', () => counts.attaches);
  readEach('counter', 'encke_closes_total', 'Sockets this node ended, by reason', 'reason', () => counts.closes);
  read('counter', 'encke_messages_delivered_total', 'Messages written to sockets', () => counts.delivered);
  read('counter', 'encke_messages_redelivered_total', 'Of these, messages read from the inbox', () => counts.redelivered);
  read('counter', 'encke_messages_confirmed_total', 'Messages first confirmed by a device', () => stats.confirmed);
  read('counter', 'encke_messages_expired_total', 'Messages whose ttl passed before any device confirmed them, as noticed', () => stats.expired);
  read('counter', 'encke_bus_gaps_total', 'Sessions that had to read the inbox because a bus message was missing', () => counts.gaps);
  read('counter', 'encke_bus_ups_total', 'Times the bus was subscribed', () => counts.busUps);
  read('counter', 'encke_session_faults_total', 'Sessions ended by a fault of this server', () => counts.faults);
  const lag = metrics.histogram('encke_bus_lag_seconds', 'Time a probe takes through Redis and back', SECONDS);
  const delivery = metrics.histogram('encke_delivery_seconds', 'From acceptance by Redis to the write to the socket, live messages', SECONDS);
  const roundTrip = metrics.histogram('encke_redis_round_trip_seconds', 'Scripts of one turn, there and back', SECONDS);
  return {
    busLag: (seconds) => lag.observe(seconds),
    delivery: (seconds) => delivery.observe(seconds),
    roundTrip: (seconds) => roundTrip.observe(seconds),
  };
}
