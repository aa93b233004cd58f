/** What an application server says and asks about a user. */
import type { App, User } from '@encke/protocol';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { target } from './keys.ts';
import { scripts } from './scripts.ts';

export interface UserState {
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

/** Why a user's sockets are closed; the gateways know what each means on each wire. */
export type CloseReason = 'signedOut' | 'moved' | 'disconnected';

export class Users {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Stores the auth hash; `ttl` in seconds, for ever when absent. */
  async setHash(app: App, user: User, hash: string, ttl?: number): Promise<void> {
    const { auth, partition } = this.#context.keys.user(target(app, user));
    await runGuarded(this.#context, scripts.setHash, partition, [auth], [hash, ttl ?? '']);
  }

  /** Removes the auth hash and closes the user's sockets, in one step. */
  async removeHash(app: App, user: User): Promise<void> {
    await this.#close(app, user, 'signedOut', true);
  }

  /** Closes the user's sockets. @returns how many there were. */
  disconnect(app: App, user: User, reconnect: boolean): Promise<number> {
    return this.#close(app, user, reconnect ? 'moved' : 'disconnected', false);
  }

  async #close(app: App, user: User, reason: CloseReason, signOut: boolean): Promise<number> {
    const { keys } = this.#context;
    const name = target(app, user);
    const { auth, record, sessions, partition } = keys.user(name);
    const names = signOut ? [record, sessions, auth] : [record, sessions];
    const args = [keys.bus(partition), `c ${name} ${reason}`, reason];
    const values = await runGuarded(this.#context, scripts.closeSessions, partition, names, args);
    return Number(values[1]);
  }

  async state(app: App, user: User): Promise<UserState> {
    const { commands, keys } = this.#context;
    const { record, inbox, sessions } = keys.user(target(app, user));
    const reply = await commands.run(scripts.readUser, [record, inbox, sessions], []);
    const [seen, queued, ...rest] = reply as [number, number, ...string[]];
    const list: UserState['sessions'][number][] = [];
    for (let i = 0; i + 1 < rest.length; i += 2) {
      const session = rest[i] as string;
      const [since = '', device = ''] = (rest[i + 1] as string).split(' ');
      const node = session.slice(0, session.indexOf('.'));
      list.push({ session, device, node, since: Math.floor(Number(since) / 1000) });
    }
    const online = list.length > 0;
    const last = seen === 0 ? null : Math.floor(seen / 1000);
    return {
      online,
      lastSeen: online ? Math.floor(Date.now() / 1000) : last,
      queued,
      sessions: list.sort((a, b) => a.since - b.since),
    };
  }
}
