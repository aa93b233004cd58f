/** Plain counts since the process started; the process that owns them exposes them as metrics. */
export class Stats {
  /** Messages stored. */
  appended = 0;
  /** Answers given again for a repeated idempotency key. */
  repeated = 0;
  /** Sessions told at the time a message was stored. */
  told = 0;
  /** Messages stored while their user had no session: they wait. */
  queued = 0;
  /** Messages nobody had confirmed that the inbox cap pushed out. */
  overflowed = 0;
  /** Messages whose ttl passed before anybody confirmed them. */
  expired = 0;
  /** Messages confirmed for the first time. */
  confirmed = 0;
  /** Messages published to channels. */
  published = 0;
  /** Subscribers told of them. */
  publishedTold = 0;
}

export type Counter = readonly [name: string, help: string, read: () => number];

/** What a process counts that accepts messages from application servers. */
export const acceptanceCounters = (stats: Stats): readonly Counter[] => [
  ['encke_messages_appended_total', 'Stored', () => stats.appended],
  ['encke_messages_told_total', 'Sessions told when one was stored', () => stats.told],
  ['encke_messages_queued_total', 'Stored while their user had no session', () => stats.queued],
  ['encke_messages_overflowed_total', 'Lost to the inbox cap', () => stats.overflowed],
  ['encke_messages_expired_total', 'Never confirmed, as noticed', () => stats.expired],
  ['encke_messages_published_total', 'Published to channels', () => stats.published],
  ['encke_messages_published_told_total', 'Sockets told of these', () => stats.publishedTold],
];
