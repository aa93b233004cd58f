/**
 * A line for many sockets: encoded once for each form of a wire, and framed once for all sockets that are sent the same
 * lines in a tick.
 */
import { frames } from './frame.ts';
import type { Wire } from './wire.ts';

export class SharedLine {
  readonly #encode: (wire: Wire) => string | undefined;
  readonly #runs: (Run | undefined)[] = [];

  /** `encode` returns undefined where the wire has no word for it. */
  constructor(encode: (wire: Wire) => string | undefined) {
    this.#encode = encode;
  }

  /** The run that is this line alone, for sockets of that wire. */
  run(wire: Wire): Run | undefined {
    const run = this.#runs[wire.form];
    if (run !== undefined) return run;
    const text = this.#encode(wire);
    if (text === undefined) return undefined;
    const made = new Run(text, undefined);
    this.#runs[wire.form] = made;
    return made;
  }
}

/** Shared lines in a row. Sockets that get the same ones share the run and its bytes. */
export class Run {
  readonly text: string;
  readonly #before: Run | undefined;
  /** The run that was made of this one last: nearly always the one that the next socket asks for. */
  #next: Run | undefined;
  #bytes: Buffer | undefined;

  constructor(text: string, before: Run | undefined) {
    this.text = text;
    this.#before = before;
  }

  /** This run with one line more; `line` is that line's own run. */
  and(line: Run): Run {
    // Equal texts are equal bytes, whichever line they came from.
    if (this.#next?.text === line.text) return this.#next;
    this.#next = new Run(line.text, this);
    return this.#next;
  }

  texts(): string[] {
    const texts: string[] = [];
    for (let run: Run | undefined = this; run !== undefined; run = run.#before)
      texts.push(run.text);
    return texts.reverse();
  }

  /** As it goes to the socket. */
  bytes(joined: boolean): Buffer {
    this.#bytes ??= frames(joined ? [this.texts().join('\n')] : this.texts(), '');
    return this.#bytes;
  }
}
