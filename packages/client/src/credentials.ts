import { limits } from '@encke/protocol';
import type { ClientOptions } from './options.ts';

export type Key = string | undefined;

type Ask = NonNullable<ClientOptions['getKey']>;

/** Throws a TypeError for what a gateway would refuse for ever. null, as many stores give, is none. */
export function checkedKey(key: unknown): Key {
  const known = key ?? undefined;
  if (known === undefined || (typeof known === 'string' && known.length <= limits.keyLength))
    return known;
  throw new TypeError('`key` must be a string of at most 4096 characters');
}

/** The user's key. The app is asked for one when there is none yet or the last one was refused, and then the other tabs. */
export class Credentials {
  private readonly ask: Ask | undefined;
  private readonly others: ((refused: Key) => Promise<Key>) | undefined;
  private key: Key;
  private usable: boolean;

  constructor(key: Key, ask: Ask | undefined, others?: (refused: Key) => Promise<Key>) {
    this.key = checkedKey(key);
    this.ask = ask;
    this.others = others;
    this.usable = this.key !== undefined || ask === undefined;
  }

  /** The key for one attempt. Rejects when the app's `getKey` does and no other tab has a key. */
  async current(): Promise<Key> {
    if (!this.usable) {
      this.key = await this.find();
      this.usable = true;
    }
    return this.key;
  }

  /** The server did not accept it: the next attempt asks again, where there is somebody to ask. */
  refuse(): boolean {
    this.usable = !(this.ask || this.others);
    return !this.usable;
  }

  /** Asks again now. True when that gave another key, so that a new attempt makes sense. */
  async renew(): Promise<boolean> {
    const refused = this.key;
    const key = await this.current();
    if (key !== undefined && key !== refused) return true;
    this.refuse();
    return false;
  }

  private async own(): Promise<Key> {
    return checkedKey(await this.ask?.());
  }

  private async find(): Promise<Key> {
    const refused = this.key;
    const own = this.own();
    const key = await own.catch(() => undefined);
    if (key !== undefined && key !== refused) return key;
    return (await this.others?.(refused)) ?? (await own) ?? refused;
  }
}
