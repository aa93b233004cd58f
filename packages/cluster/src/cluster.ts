/** The door to this package: everything a process may ask of Redis. */
import type { App, Node, User } from '@encke/protocol';
import { type Append, type Appended, Appender } from './append.ts';
import { Bus, type BusHandlers } from './bus.ts';
import { Channels } from './channels.ts';
import { Commands } from './commands.ts';
import type { ClusterConfig } from './config.ts';
import type { Context, Stats } from './context.ts';
import { Inbox, type Undelivered } from './inbox.ts';
import { Keys } from './keys.ts';
import { Heartbeat, Sweeper } from './nodes.ts';
import { Registry } from './registry.ts';
import { Subscriptions } from './subscriptions.ts';
import { type UserState, Users } from './users.ts';

export class Cluster {
  readonly stats: Stats = {
    appended: 0,
    repeated: 0,
    told: 0,
    queued: 0,
    overflowed: 0,
    expired: 0,
    confirmed: 0,
    published: 0,
    publishedTold: 0,
  };
  readonly inbox: Inbox;
  readonly channels: Channels;
  readonly #context: Context;
  readonly #appender: Appender;
  readonly #users: Users;

  constructor(config: ClusterConfig) {
    const commands = new Commands(config.redis);
    this.#context = {
      config,
      commands,
      keys: new Keys(config.prefix),
      deadlines: commands.deadlines,
      stats: this.stats,
    };
    this.inbox = new Inbox(this.#context);
    this.channels = new Channels(this.#context);
    this.#appender = new Appender(this.#context);
    this.#users = new Users(this.#context);
  }

  connected(): Promise<void> {
    return this.#context.commands.connected();
  }

  /** Whether Redis is connected and answering. */
  available(): boolean {
    return this.#context.commands.available();
  }

  /** `observe` gets the seconds of every round trip to Redis. */
  observeRoundTrips(observe: (seconds: number) => void): void {
    this.#context.commands.onRoundTrip = observe;
  }

  append(message: Append): Promise<Appended> {
    return this.#appender.append(message);
  }

  undelivered(app: App, user: User): Promise<Undelivered[]> {
    return this.inbox.undelivered(app, user);
  }

  purge(app: App, user: User): Promise<number> {
    return this.inbox.purge(app, user);
  }

  setHash(app: App, user: User, hash: string, ttl?: number): Promise<void> {
    return this.#users.setHash(app, user, hash, ttl);
  }

  removeHash(app: App, user: User): Promise<void> {
    return this.#users.removeHash(app, user);
  }

  user(app: App, user: User): Promise<UserState> {
    return this.#users.state(app, user);
  }

  disconnect(app: App, user: User, reconnect: boolean): Promise<number> {
    return this.#users.disconnect(app, user, reconnect);
  }

  /** The parts that only a gateway has. */
  join(
    node: Node,
    handlers: BusHandlers,
    forgotten: () => void,
  ): { registry: Registry; subscriptions: Subscriptions; bus: Bus; heartbeat: Heartbeat } {
    return {
      subscriptions: new Subscriptions(this.#context, node),
      registry: new Registry(this.#context, node),
      bus: new Bus(this.#context, node, handlers),
      heartbeat: new Heartbeat(this.#context, node, forgotten),
    };
  }

  sweeper(): Sweeper {
    return new Sweeper(this.#context);
  }

  async close(): Promise<void> {
    await this.#context.commands.close();
  }
}

/** Connects in the background for as long as it takes; resolves at the first answer, or when none came in time. */
export async function openCluster(config: ClusterConfig): Promise<Cluster> {
  const cluster = new Cluster(config);
  await cluster.connected();
  return cluster;
}
