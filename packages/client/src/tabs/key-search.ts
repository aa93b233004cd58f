import type { Key } from '../credentials.ts';

/** Milliseconds the other tabs have to find a key. */
const patience = 10_000;

/** Asks the other tabs for a key when the holder's own tab has none that the server takes. */
export class KeySearch {
  private readonly wanted: () => void;
  private refused: Key;
  private waiting = 0;
  private done = (_key: Key): void => {};

  constructor(wanted: () => void) {
    this.wanted = wanted;
  }

  /** A key other than the refused one; undefined when none of so many others has one. */
  find(refused: Key, others: number): Promise<Key> {
    if (others === 0) return Promise.resolve(undefined);
    this.refused = refused;
    this.waiting = others;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patience);
      this.done = (key) => {
        clearTimeout(timer);
        resolve(key);
      };
      this.wanted();
    });
  }

  answer(key: Key): void {
    const found = key === this.refused ? undefined : key;
    this.waiting -= 1;
    if (found !== undefined || this.waiting === 0) this.done(found);
  }
}
