/** Which tab holds the socket: the one that holds a Web Lock, which the browser passes on when a tab closes or crashes. */

export interface ElectionHooks {
  elected(): void;
  /** Another tab took the lock, because this one had stopped answering. */
  deposed(): void;
}

export class Election {
  private readonly name: string;
  private readonly hooks: ElectionHooks;
  private readonly over = new AbortController();
  private queue = new AbortController();
  private release = (): void => {};
  private readonly watched = new Set<string>();

  constructor(name: string, hooks: ElectionHooks) {
    this.name = name;
    this.hooks = hooks;
  }

  /**
   * Holds a lock of the tab's own for as long as the tab lives, then stands for election. Rejects where locks may not be used.
   */
  async stand(tab: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      navigator.locks
        .request(`${this.name} ${tab}`, this.signal, () => {
          // The first request of a page is granted by Chromium also when it was aborted at once.
          this.over.signal.throwIfAborted();
          resolve();
          return new Promise<void>((end) =>
            this.signal.signal.addEventListener('abort', () => end()),
          );
        })
        .catch(reject);
    });
    this.run();
  }

  /** Takes the lock from a holder that does not answer. */
  steal(): void {
    this.queue.abort();
    this.run({ steal: true });
  }

  /** The tabs that live, this one and frozen ones too. */
  async tabs(): Promise<string[]> {
    const { held = [] } = await navigator.locks.query();
    const prefix = `${this.name} `;
    return held.flatMap(({ name = '' }) =>
      name.startsWith(prefix) ? name.slice(prefix.length) : [],
    );
  }

  /** Calls back when the tab is gone: then its own lock can be had. Once, however often it is asked to until then. */
  watch(tab: string, gone: () => void): void {
    if (this.watched.has(tab)) return;
    this.watched.add(tab);
    navigator.locks
      .request(`${this.name} ${tab}`, this.signal, () => {
        this.watched.delete(tab);
        gone();
      })
      .catch(() => {});
  }

  stop(): void {
    this.over.abort();
    this.queue.abort();
    this.release();
  }

  private get signal(): { signal: AbortSignal } {
    return { signal: this.over.signal };
  }

  private run(options?: { steal: true }): void {
    this.queue = new AbortController();
    const { signal } = this.queue;
    let held = false;
    navigator.locks
      .request(this.name, options ?? { signal }, () => {
        if (signal.aborted) return;
        held = true;
        this.hooks.elected();
        return new Promise<void>((release) => {
          this.release = release;
        });
      })
      .catch(() => {
        // Aborted by ourselves; or taken by another tab, which is the holder now, and we stand again.
        if (!held || this.over.signal.aborted) return;
        this.hooks.deposed();
        // Unless that stopped us.
        if (!this.over.signal.aborted) this.run();
      });
  }
}
