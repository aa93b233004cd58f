/** Reading a user's inbox, page by page, and emptying it. The inbox is the truth; the bus is only the fast path. */
import { type App, messageId, type Position, type StoredMessage, type User } from '@encke/protocol';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { target } from './keys.ts';
import { scripts } from './scripts.ts';

export interface InboxEntry extends StoredMessage {
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface Page {
  readonly entries: readonly InboxEntry[];
  /** Everything up to this seq has been looked at. */
  readonly upTo: number;
  /** Read again behind the last entry. */
  readonly more: boolean;
}

export interface Read {
  readonly epoch: string;
  /** The user's last seq. */
  readonly last: number;
  /** Where reading began. */
  readonly after: number;
  /** Messages up to this seq may have been missed by who had not read them. */
  readonly lost: number;
  readonly page: Page;
}

export interface Undelivered extends InboxEntry {
  readonly id: string;
}

/** `head`: the three numbers of a page; its entries are `values` from `at` on. See include/page.lua. */
export function parsePage(
  [upTo, more, expired]: readonly (string | number | undefined)[],
  values: readonly (string | number)[],
  at: number,
  context: Context,
): Page {
  const entries: InboxEntry[] = [];
  for (let i = at; i < values.length; i += 3) {
    const id = String(values[i]);
    const dash = id.indexOf('-');
    const body = String(values[i + 1]);
    const space = body.indexOf(' ');
    entries.push({
      time: Number(id.slice(0, dash)),
      seq: Number(id.slice(dash + 1)),
      event: body.slice(0, space),
      data: body.slice(space + 1),
      expires: Number(values[i + 2]),
    });
  }
  context.stats.expired += Number(expired);
  return { entries, upTo: Number(upTo), more: Number(more) === 1 };
}

export class Inbox {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * One page behind a position. With `time` (ms) of the entry there, which spares Redis a search.
   * `after` in the answer is where reading began: elsewhere than asked when the epoch has changed.
   * @returns undefined when the user has no record: nothing was ever sent, or Redis lost it.
   */
  read(app: App, user: User, position: Position, time?: number): Promise<Read | undefined> {
    const from = time === undefined || time === 0 ? '-' : `${time}-${position.seq}`;
    return this.#read(app, user, position.epoch, position.seq, from);
  }

  async #read(
    app: App,
    user: User,
    epoch: string,
    after: number | 'confirmed',
    from: string,
  ): Promise<Read | undefined> {
    const { commands, keys } = this.#context;
    const { record, inbox } = keys.user(target(app, user));
    const reply = await commands.run(scripts.read, [record, inbox], [epoch, after, from]);
    const values = reply as (string | number)[];
    if (values.length === 0) return undefined;
    const page = parsePage(values.slice(4, 7), values, 7, this.#context);
    return {
      epoch: String(values[0]),
      last: Number(values[1]),
      after: Number(values[2]),
      lost: Number(values[3]),
      page,
    };
  }

  /** Everything that no device has confirmed and that has not expired, in order. */
  async undelivered(app: App, user: User): Promise<Undelivered[]> {
    const all: Undelivered[] = [];
    let read = await this.#read(app, user, '', 'confirmed', '-');
    while (read) {
      for (const entry of read.page.entries) {
        all.push({ ...entry, id: messageId(read.epoch, entry.seq) });
      }
      if (!read.page.more) break;
      const last = read.page.entries.at(-1);
      const { upTo } = read.page;
      const time = last?.seq === upTo ? last.time : undefined;
      read = await this.read(app, user, { epoch: read.epoch, seq: upTo }, time);
    }
    return all;
  }

  /** Empties the queue. @returns how many undelivered messages it held. */
  async purge(app: App, user: User): Promise<number> {
    const { record, inbox, partition } = this.#context.keys.user(target(app, user));
    const values = await runGuarded(this.#context, scripts.purge, partition, [record, inbox], []);
    return Number(values[1]);
  }
}
