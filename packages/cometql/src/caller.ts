import type { Cluster } from '@encke/cluster';
import type { App } from '@encke/protocol';
import type { Config } from '@encke/service';
import type { ConnectionInfo } from './connection-info.ts';
import type { State } from './state.ts';

/** On whose behalf statements are carried out. */
export interface Caller {
  readonly app: App;
  /** The database in use; empty when none was named. */
  database: string;
  readonly state: State;
  readonly cluster: Cluster;
  readonly config: Config;
  /** The number of the connection. */
  readonly connection: number;
  readonly user: string;
  readonly connections: () => readonly ConnectionInfo[];
}

/** The value of a `?`. */
export type Parameter = string | number | bigint | null;
