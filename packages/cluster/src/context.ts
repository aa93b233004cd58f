import type { Commands } from './commands.ts';
import type { ClusterConfig } from './config.ts';
import type { Deadlines } from './deadline.ts';
import type { Keys } from './keys.ts';

/** Plain counts since the process started; the process that owns them exposes them as metrics. */
export interface Stats {
  /** Messages stored. */
  appended: number;
  /** Answers given again for a repeated idempotency key. */
  repeated: number;
  /** Sessions told at the time a message was stored. */
  told: number;
  /** Messages stored while their user had no session: they wait. */
  queued: number;
  /** Messages nobody had confirmed that the inbox cap pushed out. */
  overflowed: number;
  /** Messages whose ttl passed before anybody confirmed them. */
  expired: number;
  /** Messages confirmed for the first time. */
  confirmed: number;
  /** Messages published to channels. */
  published: number;
  /** Subscribers told of them. */
  publishedTold: number;
}

/** What the parts of this package share. */
export interface Context {
  readonly config: ClusterConfig;
  readonly commands: Commands;
  readonly keys: Keys;
  readonly deadlines: Deadlines;
  readonly stats: Stats;
}
