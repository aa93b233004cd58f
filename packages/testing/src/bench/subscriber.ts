/** One subscriber of a benchmark: an anonymous socket that counts what its channel brings, in order. */
import { legacyUrl } from '../legacy-device.ts';
import { ClientSocket, opcode, type Reader } from './client-socket.ts';
import type { DeviceWire } from './device.ts';

const NEWLINE = 10;
/** What the number of a message stands behind; it opens the data. */
const marks = { v1: Buffer.from('{"n":'), legacy: Buffer.from('{\\"n\\":') } as const;

/** What the subscribers of one group share. */
export interface Audience {
  readonly wire: DeviceWire;
  readonly app: number;
  readonly channel: string;
  /** A message arrived. */
  heard(): void;
  /** A subscriber became ready. */
  ready(): void;
  fault(what: string): void;
}

function number(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from; ; at++) {
    const digit = (bytes[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return value;
    value = value * 10 + digit;
  }
}

export class Subscriber implements Reader {
  readonly #audience: Audience;
  readonly #number: number;
  readonly #socket: ClientSocket;
  #ready = false;
  #gone = false;
  /** 0: none yet. */
  #last = 0;

  constructor(port: number, counter: number, audience: Audience) {
    this.#audience = audience;
    this.#number = counter;
    this.#socket = new ClientSocket(port, this.#head(port), this);
  }

  #head(port: number): string {
    const { wire, app } = this.#audience;
    if (wire === 'v1') return 'GET /v1/ws HTTP/1.1\r\nSec-WebSocket-Protocol: encke.v1\r\n';
    const uuid = `bench-subscriber-${this.#number}`.padEnd(32, '-');
    const { pathname } = new URL(legacyUrl(`127.0.0.1:${port}`, { app, uuid }));
    return `GET ${pathname} HTTP/1.1\r\n`;
  }

  open(): void {
    const { wire, app } = this.#audience;
    if (wire === 'v1') this.#say(JSON.stringify({ type: 'hello', app }));
  }

  #say(text: string): void {
    this.#socket.send(opcode.text, text);
  }

  frame(code: number, bytes: Buffer, from: number, to: number): void {
    if (code === opcode.ping) {
      this.#socket.send(opcode.pong, bytes.toString('latin1', from, to));
      return;
    }
    if (code !== opcode.text) return;
    for (let start = from; start < to; ) {
      let end = bytes.indexOf(NEWLINE, start);
      if (end < 0 || end > to) end = to;
      if (this.#ready) this.#message(bytes, start, end);
      else this.#start(bytes.toString('latin1', start, end));
      start = end + 1;
    }
  }

  #start(text: string): void {
    const { wire, channel } = this.#audience;
    const { type } = JSON.parse(text) as { type?: string };
    if (wire === 'v1' && type === 'ready') {
      this.#say(JSON.stringify({ type: 'subscribe', channel }));
      return;
    }
    // The old wire answers nothing: who wants to know asks for the count.
    if (wire === 'legacy') this.#say(`subscription\n${channel}`);
    else if (type !== 'subscribed') this.#audience.fault(`got ${text.slice(0, 100)}`);
    this.#ready = true;
    this.#audience.ready();
  }

  #message(bytes: Buffer, from: number, to: number): void {
    const mark = marks[this.#audience.wire];
    const at = bytes.indexOf(mark, from);
    if (at < 0 || at >= to) {
      this.#audience.fault(`got ${bytes.toString('latin1', from, Math.min(to, from + 100))}`);
      return;
    }
    const message = number(bytes, at + mark.length);
    if (this.#last !== 0 && message !== this.#last + 1) {
      this.#audience.fault(`message ${message} came after ${this.#last}`);
    }
    this.#last = message;
    this.#audience.heard();
  }

  leave(): void {
    this.#gone = true;
    this.#socket.close();
  }

  closed(why: string): void {
    if (!this.#gone) this.#audience.fault(why);
    this.#gone = true;
  }
}
