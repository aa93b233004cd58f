/**
 * The commands of one connection between their arrival and their answer. Answers leave in the order of the commands.
 * A command starts when all before it have ended; but those that only add messages start beside each other, in order,
 * so that all that arrive together travel to Redis in one round trip.
 */

/** Something to be carried out in its turn. */
export interface Turn {
  /** It only adds messages: it may start while others of its kind run. */
  readonly together: boolean;
  /** Gives the packets of the answer; none when it has none. */
  run(): Promise<Buffer>;
}

/** An answer that is known at once, or a turn. */
export type Work = Buffer | Turn;

export interface PipelineOwner {
  /** Takes the packets of an answer. */
  write(answer: Buffer): void;
  /** The peer does not take its answers: nothing new should start. */
  blocked(): boolean;
  /** An answer has left: there may be room for more commands. */
  settled(): void;
  /** A bug of ours. */
  broken(error: unknown): void;
}

interface Slot {
  readonly turn: Turn | undefined;
  readonly bytes: number;
  answer: Buffer | undefined;
}

/** Commands without an answer, and bytes in them, after which no more are read. */
const mostCommands = 256;
const mostBytes = 1_048_576;

export class Pipeline {
  readonly #owner: PipelineOwner;
  readonly #slots: Slot[] = [];
  /** Of the first slot that has not started. */
  #next = 0;
  #bytes = 0;
  #running = 0;
  #together = false;
  #closed = false;

  constructor(owner: PipelineOwner) {
    this.#owner = owner;
  }

  get idle(): boolean {
    return this.#slots.length === 0;
  }

  get full(): boolean {
    return this.#slots.length >= mostCommands || this.#bytes >= mostBytes;
  }

  /** @param bytes that the command holds in memory. */
  add(work: Work, bytes: number): void {
    const known = Buffer.isBuffer(work);
    const [turn, answer] = known ? [undefined, work] : [work, undefined];
    this.#slots.push({ turn, bytes, answer });
    this.#bytes += bytes;
    this.proceed();
  }

  /** Starts what may start, and hands out what is ready. */
  proceed(): void {
    if (this.#closed) return;
    for (let slot = this.#slots[this.#next]; slot; slot = this.#slots[this.#next]) {
      if (!this.#start(slot)) break;
    }
    this.#handOut();
  }

  /** Nothing more starts and nothing more is answered. What runs goes on: it cannot be called back. */
  close(): void {
    this.#closed = true;
    this.#slots.length = 0;
    this.#next = 0;
    this.#bytes = 0;
  }

  #start(slot: Slot): boolean {
    const { turn } = slot;
    if (turn === undefined) {
      this.#next += 1;
      return true;
    }
    if (this.#owner.blocked()) return false;
    if (this.#running > 0 && !(this.#together && turn.together)) return false;
    this.#next += 1;
    this.#running += 1;
    this.#together = turn.together;
    turn.run().then(
      (answer) => {
        this.#running -= 1;
        slot.answer = answer;
        this.proceed();
      },
      (error: unknown) => {
        this.#running -= 1;
        if (!this.#closed) this.#owner.broken(error);
      },
    );
    return true;
  }

  #handOut(): void {
    let settled = 0;
    for (const { answer, bytes } of this.#slots) {
      if (answer === undefined) break;
      settled += 1;
      this.#bytes -= bytes;
      if (answer.length > 0) this.#owner.write(answer);
    }
    if (settled === 0) return;
    this.#slots.splice(0, settled);
    this.#next -= settled;
    this.#owner.settled();
  }
}
