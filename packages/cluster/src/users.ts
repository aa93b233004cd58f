/** What an application server says and asks about a user. */
import type { App, User } from '@encke/protocol';
import { ms } from './config.ts';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { target } from './keys.ts';
import { scripts } from './scripts.ts';

export interface UserState {
  /** With a session, or within the offline grace. */
  readonly online: boolean;
  /** Unix seconds of the last moment online: now while online, null when never. */
  readonly lastSeen: number | null;
  /** Messages no device has confirmed. */
  readonly queued: number;
  readonly sessions: readonly {
    readonly session: string;
    readonly device: string;
    readonly node: string;
    /** Unix seconds. */
    readonly since: number;
  }[];
}

const closeReasons = ['signedOut', 'moved', 'disconnected'] as const;

/** Why a user's sockets are closed; the gateways know what each means on each wire. */
export type CloseReason = (typeof closeReasons)[number];

/** With a reason that only a newer release knows, devices come back, perhaps to a gateway of that release. */
export const parseCloseReason = (text: string): CloseReason =>
  closeReasons.find((reason) => reason === text) ?? 'moved';

export class Users {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Stores the auth hash; `ttl` in seconds, for ever when absent. */
  async setHash(app: App, user: User, hash: string, ttl?: number): Promise<void> {
    const { auth, partition } = this.#context.keys.user(target(app, user));
    await runGuarded(this.#context, scripts.setText, partition, [auth], [hash, ttl ?? '']);
  }

  /** The stored hash, which may be ''. */
  async hash(app: App, user: User): Promise<string | undefined> {
    const { commands, keys } = this.#context;
    const hash = await commands.send(['get', keys.user(target(app, user)).auth]);
    return (hash as string | null) ?? undefined;
  }

  /** Removes the auth hash and closes the user's sockets, in one step. @returns whether there was a hash. */
  async removeHash(app: App, user: User): Promise<boolean> {
    const { removed } = await this.#close(app, user, 'signedOut', true);
    return removed;
  }

  /** Closes the user's sockets. @returns how many there were. */
  async disconnect(app: App, user: User, reconnect: boolean): Promise<number> {
    const { sockets } = await this.#close(app, user, reconnect ? 'moved' : 'disconnected', false);
    return sockets;
  }

  async #close(
    app: App,
    user: User,
    reason: CloseReason,
    signOut: boolean,
  ): Promise<{ sockets: number; removed: boolean }> {
    const { keys } = this.#context;
    const name = target(app, user);
    const { auth, record, sessions, partition } = keys.user(name);
    const names = signOut ? [record, sessions, auth] : [record, sessions];
    const args = [keys.bus(partition), `c ${name} ${reason}`, reason];
    const values = await runGuarded(this.#context, scripts.closeSessions, partition, names, args);
    return { sockets: Number(values[1]), removed: values[2] === 1 };
  }

  async state(app: App, user: User): Promise<UserState> {
    const { commands, config, keys } = this.#context;
    const name = target(app, user);
    const { record, inbox, sessions, partition } = keys.user(name);
    const names = [record, inbox, sessions, keys.leaving(partition)];
    const reply = await commands.run(scripts.readUser, names, [name, ms(config.offlineGrace)]);
    const [online, seen, queued, ...rest] = reply as [number, number, number, ...string[]];
    const list: UserState['sessions'][number][] = [];
    for (let i = 0; i + 1 < rest.length; i += 2) {
      const session = rest[i] as string;
      const [since = '', device = ''] = (rest[i + 1] as string).split(' ');
      const node = session.slice(0, session.indexOf('.'));
      list.push({ session, device, node, since: Math.floor(Number(since) / 1000) });
    }
    return {
      online: online === 1,
      lastSeen: seen === 0 ? null : Math.floor(seen / 1000),
      queued,
      sessions: list.sort((a, b) => a.since - b.since),
    };
  }
}
