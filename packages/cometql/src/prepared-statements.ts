/** The prepared statements of one connection. They cost nothing anywhere else: a statement is parsed when it is executed. */
import type { SqlFault } from './outcome.ts';
import { tooLarge, tooManyStatements } from './wire/faults.ts';
import type { ParameterType } from './wire/parameters.ts';

export interface Prepared {
  readonly id: number;
  readonly text: string;
  readonly parameters: number;
  /** As a client gave them last. */
  types: readonly ParameterType[] | undefined;
}

/** As MySQL has it. Clients keep what they prepared: mysql2 up to 16000 of them. */
const mostStatements = 16_382;
/** Bytes that are reckoned for a statement, and for the type of each of its parameters, besides its text. */
const [perStatement, perType] = [256, 16];
/** Bytes that are reckoned for a value sent ahead besides its own. */
const perValue = 128;
/** Of all values sent ahead together: as much as one statement may have. */
const mostBytes = 16 * 1024 * 1024;
/** Of all statements together: there is room for the largest. */
const mostStatementBytes = mostBytes + perStatement + 65_535 * perType;

/** Grows by doubling: in however many pieces it comes, it takes no more than twice its bytes. */
class Value {
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;

  /** A copy: the view would keep the whole segment that it came in. */
  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

const bytesOf = ({ text, parameters }: Prepared): number =>
  perStatement + text.length + parameters * perType;

export class PreparedStatements {
  readonly #statements = new Map<number, Prepared>();
  readonly #ahead = new Map<number, Map<number, Value>>();
  readonly #spoilt = new Map<number, SqlFault>();
  #nextId = 1;
  #bytes = 0;
  #aheadBytes = 0;

  add(text: string, parameters: number): Prepared | SqlFault {
    const prepared = { id: this.#nextId, text, parameters, types: undefined };
    const bytes = this.#bytes + bytesOf(prepared);
    if (this.#statements.size >= mostStatements || bytes > mostStatementBytes)
      return tooManyStatements;
    this.#nextId += 1;
    this.#statements.set(prepared.id, prepared);
    this.#bytes = bytes;
    return prepared;
  }

  get(id: number): Prepared | undefined {
    return this.#statements.get(id);
  }

  /** A piece of a value that comes before its execution. It has no answer: what is wrong with it, the execution says. */
  sendAhead(id: number, parameter: number, piece: Buffer): void {
    const statement = this.#statements.get(id);
    if (!statement || parameter >= statement.parameters) return;
    const known = this.#ahead.get(id)?.get(parameter);
    const more = piece.length + (known ? 0 : perValue);
    if (this.#aheadBytes + more > mostBytes) {
      this.forget(id);
      this.#spoilt.set(id, tooLarge);
      return;
    }
    const values = this.#ahead.get(id) ?? new Map<number, Value>();
    this.#ahead.set(id, values);
    const value = known ?? new Value();
    values.set(parameter, value);
    value.add(piece);
    this.#aheadBytes += more;
  }

  /** Takes what was sent ahead, by the number of its parameter; or what was wrong with it. */
  takeAhead(id: number): ReadonlyMap<number, Buffer> | SqlFault {
    const fault = this.#spoilt.get(id);
    const values = [...(this.#ahead.get(id) ?? [])];
    this.forget(id);
    return fault ?? new Map(values.map(([parameter, { bytes }]) => [parameter, bytes]));
  }

  /** Forgets what was sent ahead. */
  forget(id: number): void {
    for (const { bytes } of this.#ahead.get(id)?.values() ?? [])
      this.#aheadBytes -= bytes.length + perValue;
    this.#ahead.delete(id);
    this.#spoilt.delete(id);
  }

  remove(id: number): void {
    this.forget(id);
    const known = this.#statements.get(id);
    if (known) this.#bytes -= bytesOf(known);
    this.#statements.delete(id);
  }

  clear(): void {
    for (const id of [...this.#statements.keys()]) this.remove(id);
  }
}
