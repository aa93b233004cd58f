/** What is asked for in one turn of the event loop, sent together in as few script calls as may be. */
import type { Context } from './context.ts';

/** In one script call at most: Redis serves nobody else meanwhile. */
const GROUP = 64;

interface Partitioned {
  readonly keys: { readonly partition: number };
}

export class Turn<T extends Partitioned> {
  readonly #context: Context;
  readonly #send: (group: readonly T[]) => void;
  #waiting = new Map<number, T[]>();
  #scheduled = false;

  /** `send` gets groups in the order in which they were given; in a Cluster a group is of one partition. */
  constructor(context: Context, send: (group: readonly T[]) => void) {
    this.#context = context;
    this.#send = send;
  }

  add(one: T): void {
    const place = this.#context.commands.clustered ? one.keys.partition : 0;
    const group = this.#waiting.get(place);
    if (group) group.push(one);
    else this.#waiting.set(place, [one]);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  #flush = (): void => {
    this.#scheduled = false;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const group of waiting.values()) {
      for (let i = 0; i < group.length; i += GROUP) this.#send(group.slice(i, i + GROUP));
    }
  };
}
