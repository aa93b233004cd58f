import type { Key } from '../credentials.ts';

/** Milliseconds the other tabs have to find a key. */
const patience = 10_000;

/** Asks the other tabs for a key when the holder's own tab has none that the server takes. */
export class KeySearch {
  private readonly wanted: () => void;
  private refused: Key;
  private others = 0;
  /** Tabs that have none: each counts once, also when it answers an earlier search late. */
  private readonly without = new Set<string>();
  private done = (_key: Key): void => {};

  constructor(wanted: () => void) {
    this.wanted = wanted;
  }

  /** A key other than the refused one; undefined when none of so many others has one. */
  find(refused: Key, others: number): Promise<Key> {
    if (others === 0) return Promise.resolve(undefined);
    this.refused = refused;
    this.others = others;
    this.without.clear();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patience);
      this.done = (key) => {
        clearTimeout(timer);
        resolve(key);
      };
      this.wanted();
    });
  }

  answer(tab: string, key: Key): void {
    const found = key === this.refused ? undefined : key;
    this.without.add(tab);
    if (found !== undefined || this.without.size >= this.others) this.done(found);
  }
}
