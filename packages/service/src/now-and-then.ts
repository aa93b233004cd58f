/** Of what may happen thousands of times a second: a log line now and then, which counts them. */
export class NowAndThen {
  readonly #quiet: number;
  #count = 0;
  #told = Number.NEGATIVE_INFINITY;

  /** `quiet`: milliseconds between two lines. */
  constructor(quiet: number) {
    this.#quiet = quiet;
  }

  /** It happened once more. @returns how often since the last line, when one is due. */
  due(): number | undefined {
    this.#count += 1;
    const now = performance.now();
    if (now - this.#told < this.#quiet) return undefined;
    const count = this.#count;
    this.#told = now;
    this.#count = 0;
    return count;
  }
}
