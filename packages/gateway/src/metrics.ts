/** What a gateway counts. The hot path adds to plain numbers; they are read when Prometheus asks. */
import type { Stats } from '@encke/cluster';
import type { CloseName } from '@encke/protocol';
import type { Metrics } from '@encke/service';
import type { Outcome } from './entrance.ts';

export class Counts {
  connections = 0;
  sessions = 0;
  usersOnline = 0;
  delivered = 0;
  redelivered = 0;
  gaps = 0;
  busUps = 0;
  faults = 0;
  channelDelivered = 0;
  channelGaps = 0;
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

type Reading = [kind: 'counter' | 'gauge', name: string, help: string, read: () => number];

/** What is counted only when somebody asks. */
interface Gauges {
  depth(): number;
  subscriptions(): number;
}

const readings = (counts: Counts, stats: Stats, gauges: Gauges): Reading[] => [
  ['gauge', 'encke_queue_depth', 'Written to devices and not confirmed yet', () => gauges.depth()],
  ['gauge', 'encke_connections', 'Open sockets', () => counts.connections],
  ['gauge', 'encke_sessions', 'Sockets of known users', () => counts.sessions],
  ['counter', 'encke_users_online_total', 'Users that came online', () => counts.usersOnline],
  ['counter', 'encke_messages_delivered_total', 'Written to sockets', () => counts.delivered],
  ['counter', 'encke_messages_redelivered_total', 'Read from the inbox', () => counts.redelivered],
  ['counter', 'encke_messages_confirmed_total', 'First confirmations', () => stats.confirmed],
  ['counter', 'encke_messages_expired_total', 'Never confirmed, as noticed', () => stats.expired],
  ['counter', 'encke_bus_gaps_total', 'Inbox reads after a lost bus message', () => counts.gaps],
  ['counter', 'encke_bus_ups_total', 'Times the bus was subscribed', () => counts.busUps],
  ...channelReadings(counts, stats, gauges),
  ['counter', 'encke_session_faults_total', 'Sessions ended by a bug', () => counts.faults],
];

const channelReadings = (counts: Counts, stats: Stats, gauges: Gauges): Reading[] => [
  ['gauge', 'encke_channel_subscriptions', 'Subscribed sockets', () => gauges.subscriptions()],
  ['counter', 'encke_channel_published_total', 'Published', () => stats.published],
  ['counter', 'encke_channel_delivered_total', 'Written to sockets', () => counts.channelDelivered],
  ['counter', 'encke_channel_gaps_total', 'Lost bus messages', () => counts.channelGaps],
];

export function exposeCounts(
  metrics: Metrics,
  counts: Counts,
  stats: Stats,
  gauges: Gauges,
): Timings {
  const { read, readEach, histogram } = metrics;
  for (const reading of readings(counts, stats, gauges)) read(...reading);
  const outcomes = 'Devices that arrived, by outcome';
  readEach('counter', 'encke_attaches_total', outcomes, 'outcome', () => counts.attaches);
  const reasons = 'Sockets this node ended, by reason';
  readEach('counter', 'encke_closes_total', reasons, 'reason', () => counts.closes);
  const lag = histogram('encke_bus_lag_seconds', 'A probe through Redis and back', SECONDS);
  const accepted = 'From acceptance by Redis to the write to the socket, live messages';
  const delivery = histogram('encke_delivery_seconds', accepted, SECONDS);
  const trips = histogram('encke_redis_round_trip_seconds', 'Scripts, there and back', SECONDS);
  return {
    busLag: (seconds) => lag.observe(seconds),
    delivery: (seconds) => delivery.observe(seconds),
    roundTrip: (seconds) => trips.observe(seconds),
  };
}
