/** The part of the Web Storage API that is used. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * A storage that never throws. Blocked cookies, private windows and a full quota make the browser's own
 * throw, also on mere access; then the values live as long as this object.
 */
export class SafeStorage {
  private readonly memory = new Map<string, string>();
  private readonly open: () => StorageLike | undefined;

  constructor(open: () => StorageLike | undefined) {
    this.open = open;
  }

  get(key: string): string | undefined {
    try {
      const value = this.open()?.getItem(key);
      if (typeof value === 'string') return value;
    } catch {
      // Memory has what this object wrote.
    }
    return this.memory.get(key);
  }

  set(key: string, value: string): void {
    try {
      const storage = this.open();
      if (storage) {
        storage.setItem(key, value);
        return;
      }
    } catch {
      // As above.
    }
    this.memory.set(key, value);
  }
}

// Newer Node.js has these storages too, and warns when they are touched: only a page's own are meant.

/** One tab: it resumes exactly where it was after a reload. */
export const tabStorage = (given?: StorageLike): SafeStorage =>
  new SafeStorage(() => given ?? (globalThis.document && sessionStorage));

/** All tabs of a browser: together they are one device. */
export const deviceStorage = (given?: StorageLike): SafeStorage =>
  new SafeStorage(() => given ?? (globalThis.document && localStorage));
