/** From values to the packets of one answer, in one buffer. */
import { fullPacket } from './constants.ts';

const header = 4;

/** An answer would take more memory than one client may have. */
export class AnswerTooLarge extends Error {
  constructor() {
    super('answer too large');
    this.name = 'AnswerTooLarge';
  }
}

/** Bytes of one answer: many of the largest messages, and still little enough for a process. */
const answerLimit = 64 * 1024 * 1024;

export class PacketWriter {
  #bytes = Buffer.allocUnsafe(128);
  #at = 0;
  #packet = 0;
  #sequence: number;

  /** @param sequence number of the first packet. */
  constructor(sequence: number) {
    this.#sequence = sequence;
  }

  begin(): this {
    this.#reserve(header);
    this.#packet = this.#at;
    this.#at += header;
    return this;
  }

  end(): void {
    const length = this.#at - this.#packet - header;
    if (length < fullPacket) this.#head(this.#packet, length);
    else this.#split(length);
  }

  #head(at: number, length: number): void {
    this.#bytes.writeUIntLE(length, at, 3);
    this.#bytes[at + 3] = this.#sequence;
    this.#sequence = (this.#sequence + 1) & 0xff;
  }

  /** A payload that fills a packet goes on in the next, also when nothing is left of it. */
  #split(length: number): void {
    const payload = Buffer.from(this.#bytes.subarray(this.#packet + header, this.#at));
    this.#at = this.#packet;
    for (let from = 0; from <= length; from += fullPacket) {
      const part = payload.subarray(from, from + fullPacket);
      this.#reserve(header + part.length);
      this.#head(this.#at, part.length);
      part.copy(this.#bytes, this.#at + header);
      this.#at += header + part.length;
    }
  }

  uint(value: number, bytes: number): this {
    this.#reserve(bytes);
    this.#at = this.#bytes.writeUIntLE(value, this.#at, bytes);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  /** UTF-8 as it is. */
  text(text: string): this {
    const length = Buffer.byteLength(text);
    this.#reserve(length);
    this.#at += this.#bytes.write(text, this.#at);
    return this;
  }

  /** A number in as many bytes as it needs. */
  length(value: number): this {
    if (value < 0xfb) return this.uint(value, 1);
    if (value <= 0xffff) return this.uint(0xfc, 1).uint(value, 2);
    if (value <= 0xffffff) return this.uint(0xfd, 1).uint(value, 3);
    this.uint(0xfe, 1).#reserve(8);
    this.#at = this.#bytes.writeBigUInt64LE(BigInt(value), this.#at);
    return this;
  }

  /** UTF-8 with its length before it. */
  counted(text: string): this {
    return this.length(Buffer.byteLength(text)).text(text);
  }

  /** Everything written; the writer is not used after that. */
  take(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.#bytes.length) return;
    if (needed > answerLimit) throw new AnswerTooLarge();
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, needed));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}
