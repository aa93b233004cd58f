/** From the bytes of a socket to packets, however they are cut. */
import { fullPacket } from './constants.ts';

export interface Packet {
  readonly sequence: number;
  /** A view, good until the next call of the reader. Empty when the packet was oversized. */
  readonly payload: Buffer;
  readonly oversized: boolean;
}

const header = 4;
const nothing = Buffer.alloc(0);

/**
 * Holds what has arrived of the next packets. Memory grows with what came, never with what a head promises, and at
 * most to twice the limit; of a packet over the limit nothing is kept.
 */
export class PacketReader {
  #bytes: Buffer = nothing;
  #start = 0;
  #end = 0;
  #limit: number;
  #patient = false;
  /** Bytes of an oversized packet still to be passed over; undefined: there is none. */
  #skipping: { left: number; last: boolean; sequence: number } | undefined;

  /** @param limit payload bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * The peer is known from here on: an oversized packet is passed over to its end, continuations included, and only then
   * reported, so that it can be answered. Before, it is reported at its head.
   */
  trust(limit: number): void {
    this.#limit = limit;
    this.#patient = true;
  }

  /** Bytes that have arrived and are not taken. */
  get held(): number {
    return this.#end - this.#start;
  }

  /** Whether a packet has begun that has not ended. Ask it after `next` gave none. */
  get partial(): boolean {
    return this.held > 0 || this.#skipping !== undefined;
  }

  push(chunk: Buffer): void {
    if (this.held === 0) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      return;
    }
    if (this.#bytes.length - this.#end < chunk.length) this.#grow(chunk.length);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** All that is held, for who reads on in another way. */
  rest(): Buffer {
    const rest = this.#bytes.subarray(this.#start, this.#end);
    this.#take(rest.length);
    return rest;
  }

  next(): Packet | undefined {
    if (this.#skipping) return this.#skip();
    if (this.held < header) return undefined;
    const length = this.#bytes.readUIntLE(this.#start, 3);
    const sequence = this.#bytes[this.#start + 3] ?? 0;
    if (length > this.#limit || length === fullPacket) {
      if (!this.#patient) return { sequence, payload: nothing, oversized: true };
      this.#take(header);
      this.#skipping = { left: length, last: length < fullPacket, sequence };
      return this.#skip();
    }
    if (this.held < header + length) return undefined;
    const from = this.#start + header;
    const payload = this.#bytes.subarray(from, from + length);
    this.#take(header + length);
    return { sequence, payload, oversized: false };
  }

  #skip(): Packet | undefined {
    const skipping = this.#skipping;
    while (skipping) {
      const passed = Math.min(skipping.left, this.held);
      this.#take(passed);
      skipping.left -= passed;
      if (skipping.left > 0) return undefined;
      if (skipping.last) {
        this.#skipping = undefined;
        return { sequence: skipping.sequence, payload: nothing, oversized: true };
      }
      if (this.held < header) return undefined;
      skipping.left = this.#bytes.readUIntLE(this.#start, 3);
      skipping.last = skipping.left < fullPacket;
      skipping.sequence = this.#bytes[this.#start + 3] ?? 0;
      this.#take(header);
    }
    return undefined;
  }

  #take(count: number): void {
    this.#start += count;
    // A large statement must not stay in memory while its connection is idle.
    if (this.#start === this.#end) {
      this.#bytes = nothing;
      this.#start = 0;
      this.#end = 0;
    }
  }

  /** Into new memory: what was given out before stays as it is. */
  #grow(more: number): void {
    const held = this.#bytes.subarray(this.#start, this.#end);
    const grown = Buffer.allocUnsafe(Math.max(held.length * 2, held.length + more));
    held.copy(grown);
    this.#bytes = grown;
    this.#start = 0;
    this.#end = held.length;
  }
}
