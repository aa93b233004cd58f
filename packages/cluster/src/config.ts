/** What the cluster package must be told. Durations in seconds. */
export interface ClusterConfig {
  readonly redis: RedisConfig;
  /** Every key and bus channel begins with it; no braces. */
  readonly prefix: string;
  /** How long an unconfirmed message is kept. */
  readonly offlineTtl: number;
  /** Messages a user's inbox holds at most; the oldest makes room. */
  readonly inboxMax: number;
  /** How long a device that left may come back and miss nothing. */
  readonly resumeWindow: number;
  /** Devices that one user may have connected, cluster-wide. */
  readonly deviceLimit: number;
  /** How long a user may be without a session before counting as offline. */
  readonly offlineGrace: number;
  readonly pingInterval: number;
  readonly pongTimeout: number;
}

export interface RedisConfig {
  /** `redis://` or `rediss://`; for cluster and sentinel several `host:port`, comma-separated. */
  readonly url: string;
  readonly mode: 'single' | 'cluster' | 'sentinel';
  /** Sentinel's name of the master. */
  readonly master?: string;
}

/** Seconds, perhaps with a fraction, as whole milliseconds. */
export const ms = (seconds: number): number => Math.round(seconds * 1000);

/**
 * Milliseconds a confirmed message stays in the inbox: a device that went half-open just before it was sent may take
 * ping + pong time to be noticed, and then has the resume window to come back.
 */
export const retention = (config: ClusterConfig): number =>
  ms(config.resumeWindow + config.pingInterval + config.pongTimeout);
