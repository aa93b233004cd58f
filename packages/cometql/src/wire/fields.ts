/** A packet does not hold what its kind promises. */
export class Malformed extends Error {
  constructor() {
    super('malformed packet');
    this.name = 'Malformed';
  }
}

/** Reads the fields of one packet in order. Every method throws Malformed past the end. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  #advance(count: number): number {
    if (count > this.left) throw new Malformed();
    const from = this.#at;
    this.#at += count;
    return from;
  }

  /** A whole number of 1 to 6 bytes. */
  uint(bytes: number): number {
    return this.#bytes.readUIntLE(this.#advance(bytes), bytes);
  }

  int(bytes: number): number {
    return this.#bytes.readIntLE(this.#advance(bytes), bytes);
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#advance(8));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64LE(this.#advance(8));
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  bytes(count: number): Buffer {
    const from = this.#advance(count);
    return this.#bytes.subarray(from, from + count);
  }

  rest(): Buffer {
    return this.bytes(this.left);
  }

  /** Up to a zero byte, or to the end: some clients leave the last zero out. */
  terminated(): Buffer {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) return this.rest();
    const text = this.bytes(end - this.#at);
    this.#at += 1;
    return text;
  }

  #length(): number {
    const first = this.uint(1);
    switch (first) {
      case 0xfc:
        return this.uint(2);
      case 0xfd:
        return this.uint(3);
      case 0xfe: {
        const long = this.uint64();
        if (long > BigInt(this.left)) throw new Malformed();
        return Number(long);
      }
      case 0xfb:
      case 0xff:
        throw new Malformed();
      default:
        return first;
    }
  }

  /** Bytes with their length before them. */
  counted(): Buffer {
    return this.bytes(this.#length());
  }
}
