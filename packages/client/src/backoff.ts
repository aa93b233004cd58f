export interface BackoffOptions {
  /** Milliseconds; the first wait is drawn from 0 to this. Default 300. */
  readonly base?: number;
  /** Milliseconds; no wait is longer. Default 15,000. */
  readonly cap?: number;
  /** Milliseconds a connection must have lasted to make the waits short again. Default 10,000. */
  readonly stable?: number;
}

/** Full jitter: each wait is drawn from zero to a limit that doubles, so a crowd that fell together returns spread out. */
export class Backoff {
  readonly stable: number;
  private readonly base: number;
  private readonly cap: number;
  private readonly random: () => number;
  private attempt = 0;

  constructor(options: BackoffOptions = {}, random: () => number = Math.random) {
    this.base = options.base ?? 300;
    this.cap = options.cap ?? 15_000;
    this.stable = options.stable ?? 10_000;
    this.random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const limit = Math.min(this.cap, this.base * 2 ** this.attempt);
    if (limit < this.cap) this.attempt += 1;
    return this.random() * limit;
  }

  reset(): void {
    this.attempt = 0;
  }
}
