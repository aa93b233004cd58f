/** The door to this package: everything a process may ask of Redis. */
import { performance } from 'node:perf_hooks';
import type { App, Node, User } from '@encke/protocol';
import { type Append, type Appended, Appender } from './append.ts';
import { Bus, type BusHandlers } from './bus.ts';
import { Channels } from './channels.ts';
import { Commands } from './commands.ts';
import type { ClusterConfig } from './config.ts';
import type { Context } from './context.ts';
import { Inbox, type Undelivered } from './inbox.ts';
import { Keys } from './keys.ts';
import { Heartbeat, type Load, Sweeper } from './nodes.ts';
import { lastOnline } from './presence.ts';
import { Registry } from './registry.ts';
import { RevokedTokens } from './revoked-tokens.ts';
import { Stats } from './stats.ts';
import { readStatus, type Status } from './status.ts';
import { Subscriptions } from './subscriptions.ts';
import { Tally } from './tally.ts';
import { UserData } from './user-data.ts';
import { type UserState, Users } from './users.ts';

export class Cluster {
  readonly stats = new Stats();
  readonly inbox: Inbox;
  readonly channels: Channels;
  readonly #context: Context;
  readonly #appender: Appender;
  readonly #users: Users;
  readonly #data: UserData;
  readonly #revoked: RevokedTokens;
  readonly #tally: Tally;

  constructor(config: ClusterConfig, timeout?: number) {
    const commands = new Commands(config.redis, timeout);
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
    this.#data = new UserData(this.#context);
    this.#revoked = new RevokedTokens(this.#context);
    this.#tally = new Tally(this.#context);
  }

  connected(): Promise<void> {
    return this.#context.commands.connected();
  }

  /** Whether Redis is connected and answering. */
  available(): boolean {
    return this.#context.commands.available();
  }

  /** undefined: Redis is available; else `Redis is away`, with the reason where one is known. */
  unready(): string | undefined {
    return this.#context.commands.unready();
  }

  /** Milliseconds that Redis takes for next to nothing, the way there and back included. */
  async roundTrip(): Promise<number> {
    const { commands, keys } = this.#context;
    const sent = performance.now();
    await commands.send(['exists', keys.nodes]);
    return performance.now() - sent;
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

  hash(app: App, user: User): Promise<string | undefined> {
    return this.#users.hash(app, user);
  }

  removeHash(app: App, user: User): Promise<boolean> {
    return this.#users.removeHash(app, user);
  }

  lastOnline(app: App, user: User): Promise<number | null> {
    return lastOnline(this.#context, app, user);
  }

  setData(app: App, user: User, data: string): Promise<void> {
    return this.#data.set(app, user, data);
  }

  data(app: App, user: User): Promise<string | undefined> {
    return this.#data.get(app, user);
  }

  removeData(app: App, user: User): Promise<boolean> {
    return this.#data.remove(app, user);
  }

  revoke(app: App, token: string): Promise<void> {
    return this.#revoked.revoke(app, token);
  }

  revoked(app: App, token?: string): Promise<string[]> {
    return this.#revoked.list(app, token);
  }

  unrevoke(app: App, token: string): Promise<boolean> {
    return this.#revoked.unrevoke(app, token);
  }

  /** What this process itself accepted is counted in. */
  async status(): Promise<Status> {
    await this.#tally.report();
    return readStatus(this.#context);
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
    load: () => Load = () => ({ sessions: 0, connections: 0, unconfirmed: 0 }),
  ): { registry: Registry; subscriptions: Subscriptions; bus: Bus; heartbeat: Heartbeat } {
    return {
      subscriptions: new Subscriptions(this.#context, node),
      registry: new Registry(this.#context, node),
      bus: new Bus(this.#context, node, handlers),
      heartbeat: new Heartbeat(this.#context, node, forgotten, load),
    };
  }

  sweeper(): Sweeper {
    return new Sweeper(this.#context);
  }

  async close(): Promise<void> {
    await this.#tally.stop();
    await this.#context.commands.close();
  }
}

/**
 * Connects in the background for as long as it takes; resolves at the first answer, or when none came in time.
 * `timeout`: milliseconds until an answer of Redis counts as missing, 2,000 unless told.
 */
export async function openCluster(config: ClusterConfig, timeout?: number): Promise<Cluster> {
  const cluster = new Cluster(config, timeout);
  await cluster.connected();
  return cluster;
}
