/** What the peer of one session has confirmed, and from where its device would continue. */

/** Milliseconds: see `cursor`. */
const OVERLAP = 2_000;
/** Milliseconds: see `toReport`. */
const REPORT_EVERY = 3_000;

export class Confirmation {
  /** Everything up to here is with the peer. */
  seq = 0;
  /** The newest confirmed message whose time (ms) is known; 0: none. */
  timed = 0;
  time = 0;
  /** Up to here nothing was left to send behind what was confirmed then: it expired or was pushed out. */
  passed = 0;
  /** Receipts prove only that the browser has a message: the old wire's pongs. */
  readonly #lagging: boolean;
  /** One of those on their way whose time is kept; 0: none. */
  #markSeq = 0;
  #markTime = 0;
  /** Confirmed seqs of two older generations: see `cursor`. */
  #older = 0;
  #oldest = 0;
  #generationAt = 0;
  #at = 0;
  /** The cursor as Redis was last told, and when. */
  #reported = 0;
  #reportedAt = 0;

  constructor(lagging: boolean) {
    this.#lagging = lagging;
  }

  /** Everything up to `seq`, perhaps of a new epoch, is with the peer, or is gone up to `passed`. */
  startAt(seq: number, passed: number): void {
    this.seq = seq;
    this.passed = passed;
    this.timed = 0;
    this.#markSeq = 0;
    this.#older = seq;
    this.#oldest = seq;
    this.#reported = seq;
  }

  /** The peer is sent this one, of that time (ms). */
  sent(seq: number, time: number): void {
    if (this.#markSeq > 0) return;
    this.#markSeq = seq;
    this.#markTime = time;
  }

  /** `seq` is above the one before; `time`: its time, 0 when not known; `now`: ms. */
  confirm(seq: number, time: number, now: number): void {
    if (now - this.#at >= OVERLAP) {
      this.#oldest = this.seq;
      this.#older = this.seq;
      this.#generationAt = now;
    } else if (now - this.#generationAt >= OVERLAP) {
      this.#oldest = this.#older;
      this.#older = this.seq;
      this.#generationAt = now;
    }
    this.seq = seq;
    this.#at = now;
    if (time > 0) this.#known(seq, time);
    else if (this.#markSeq > 0 && this.#markSeq <= seq) this.#known(this.#markSeq, this.#markTime);
  }

  #known(seq: number, time: number): void {
    this.timed = seq;
    this.time = time;
    this.#markSeq = 0;
  }

  /**
   * From where the device would continue. On the old wire a pong says that the browser has a message, not that the page
   * has read it: a page that is just reloading loses what the browser had not handed over yet. So there the cursor stays
   * behind what was confirmed in the last 2 to 4 seconds; a second copy is dropped by its uuid. [L9]
   */
  cursor(now: number): number {
    return !this.#lagging || now - this.#at >= OVERLAP ? this.seq : this.#oldest;
  }

  /**
   * The cursor, when Redis should be told again. It needs it only should this node die, and an older one then costs some
   * second copies; so it is told every few seconds, not with every receipt.
   */
  toReport(now: number): number | undefined {
    const cursor = this.cursor(now);
    if (cursor === this.#reported || now - this.#reportedAt < REPORT_EVERY) return undefined;
    this.#reported = cursor;
    this.#reportedAt = now;
    return cursor;
  }

  /** The cursor has moved, and no receipt may come that would tell Redis. */
  untold(now: number): boolean {
    return this.#reported < this.seq && this.#reported < this.cursor(now);
  }
}
