import type { Commands } from './commands.ts';
import type { ClusterConfig } from './config.ts';
import type { Deadlines } from './deadline.ts';
import type { Keys } from './keys.ts';
import type { Stats } from './stats.ts';

/** What the parts of this package share. */
export interface Context {
  readonly config: ClusterConfig;
  readonly commands: Commands;
  readonly keys: Keys;
  readonly deadlines: Deadlines;
  readonly stats: Stats;
}
