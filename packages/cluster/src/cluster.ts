/**
 * The door to this package: everything a process may ask of Redis. What asks it rejects with RedisUnavailable, within the
 * command timeout, when Redis is away.
 */
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
import { type LastOnline, lastOnline } from './presence.ts';
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

  /** Resolves when Redis answers, or after the timeout. */
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

  /** Stores a message and tells the user's sessions. When it rejects, `stored` says whether it may have been stored. */
  append(message: Append): Promise<Appended> {
    return this.#appender.append(message);
  }

  /** Everything that no device has confirmed and that has not expired, in order. */
  undelivered(app: App, user: User): Promise<Undelivered[]> {
    return this.inbox.undelivered(app, user);
  }

  /** Empties the queue. @returns how many undelivered messages it held. */
  purge(app: App, user: User): Promise<number> {
    return this.inbox.purge(app, user);
  }

  /** Stores the auth hash; `ttl` in seconds, for ever when absent. */
  setHash(app: App, user: User, hash: string, ttl?: number): Promise<void> {
    return this.#users.setHash(app, user, hash, ttl);
  }

  /** The stored auth hash, which may be ''; undefined: none. */
  hash(app: App, user: User): Promise<string | undefined> {
    return this.#users.hash(app, user);
  }

  /** Removes the auth hash and closes the user's sockets, in one step. @returns whether there was a hash. */
  removeHash(app: App, user: User): Promise<boolean> {
    return this.#users.removeHash(app, user);
  }

  lastOnline(app: App, user: User): Promise<LastOnline> {
    return lastOnline(this.#context, app, user);
  }

  /** The user's public data, JSON text; it stays until it is removed. */
  setData(app: App, user: User, data: string): Promise<void> {
    return this.#data.set(app, user, data);
  }

  /** JSON text; undefined: none. */
  data(app: App, user: User): Promise<string | undefined> {
    return this.#data.get(app, user);
  }

  /** @returns whether there was any. */
  removeData(app: App, user: User): Promise<boolean> {
    return this.#data.remove(app, user);
  }

  /** The token is refused from now on, and the sessions that live on it are closed. */
  revoke(app: App, token: string): Promise<void> {
    return this.#revoked.revoke(app, token);
  }

  /** The revoked tokens: that one, or all of the app. */
  revoked(app: App, token?: string): Promise<string[]> {
    return this.#revoked.list(app, token);
  }

  /** @returns whether it was revoked. */
  unrevoke(app: App, token: string): Promise<boolean> {
    return this.#revoked.unrevoke(app, token);
  }

  /** What this process itself accepted is counted in. */
  async status(): Promise<Status> {
    await this.#tally.report();
    return readStatus(this.#context);
  }

  /** What is known of a user: online, last seen, sessions, how much is queued. */
  user(app: App, user: User): Promise<UserState> {
    return this.#users.state(app, user);
  }

  /** Closes the user's sockets; `reconnect`: they may come back. @returns how many there were. */
  disconnect(app: App, user: User, reconnect: boolean): Promise<number> {
    return this.#users.disconnect(app, user, reconnect);
  }

  /**
   * The parts that only a gateway has. `forgotten`: Redis no longer knows the node, see `Heartbeat`; `load`: what each
   * heartbeat tells.
   */
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

  /** The part that only a worker has. */
  sweeper(): Sweeper {
    return new Sweeper(this.#context);
  }

  /** Ends the connection; what was accepted is counted first. */
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
