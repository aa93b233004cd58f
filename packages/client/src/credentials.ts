export type Key = string | undefined;

/** The user's key. The app is asked for one when there is none yet or the last one was refused. */
export class Credentials {
  private readonly ask: (() => Key | Promise<Key>) | undefined;
  private key: Key;
  private usable: boolean;

  constructor(key: Key, ask: (() => Key | Promise<Key>) | undefined) {
    this.key = key;
    this.ask = ask;
    this.usable = key !== undefined || ask === undefined;
  }

  /** The key for one attempt. Rejects when the app's `getKey` does. */
  async current(): Promise<Key> {
    if (!this.usable && this.ask) {
      this.key = await this.ask();
      this.usable = true;
    }
    return this.key;
  }

  /** The server did not accept it: the next attempt asks again, where there is somebody to ask. */
  refuse(): boolean {
    this.usable = this.ask === undefined;
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
}
