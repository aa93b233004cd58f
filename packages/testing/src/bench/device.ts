/** One device of a benchmark: counts what arrives, in order, and confirms it as the real ones do. */
import { legacyUrl } from '../legacy-device.ts';
import { ClientSocket, opcode, type Reader } from './client-socket.ts';

export type DeviceWire = 'v1' | 'legacy';

/** Milliseconds between two receipts of one device, as in the SDK. */
export const RECEIPT_DELAY = 200;
const NEWLINE = 10;
const v1Message = '{"type":"message","seq":';
const stamps = { v1: '{"sent":', legacy: '{\\"sent\\":' } as const;

export const hashOf = (user: number): string => `hash-of-${user}`;

/** Microseconds on the clock that all processes of a machine share. */
export function microseconds(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1e3;
}

/** What the devices of one group share. */
export interface Group {
  readonly wire: DeviceWire;
  arrived: number;
  /** The first few things that were wrong. */
  readonly faults: string[];
  /** Microseconds from send to arrival; undefined: not asked for. */
  delays: number[] | undefined;
  /** Something arrived, a device became ready, or one is gone. */
  changed(): void;
  confirmLater(device: Device): void;
}

function number(bytes: Buffer, from: number): number {
  let value = 0;
  for (let at = from; ; at++) {
    const digit = (bytes[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return value;
    value = value * 10 + digit;
  }
}

/** The number that ends right before `to`. */
function numberBefore(bytes: Buffer, to: number): number {
  let from = to;
  while ((bytes[from - 1] as number) >= 48 && (bytes[from - 1] as number) <= 57) from -= 1;
  return number(bytes, from);
}

export class Device implements Reader {
  readonly user: number;
  readonly #group: Group;
  readonly #app: number;
  readonly #socket: ClientSocket;
  ready = false;
  gone = false;
  #seq = 0;
  #confirmedAt = 0;
  #confirmPending = false;

  constructor(port: number, app: number, user: number, group: Group) {
    this.user = user;
    this.#app = app;
    this.#group = group;
    this.#socket = new ClientSocket(port, this.#head(port), this);
  }

  #head(port: number): string {
    if (this.#group.wire === 'v1') {
      return 'GET /v1/ws HTTP/1.1\r\nSec-WebSocket-Protocol: encke.v1\r\n';
    }
    const uuid = `bench-device-of-${this.user}`.padEnd(32, '-');
    const options = { app: this.#app, user: this.user, key: hashOf(this.user), uuid };
    return `GET ${new URL(legacyUrl(`127.0.0.1:${port}`, options)).pathname} HTTP/1.1\r\n`;
  }

  open(): void {
    if (this.#group.wire === 'legacy') return;
    const { user } = this;
    const hello = { type: 'hello', app: this.#app, user, key: hashOf(user), device: `d${user}` };
    this.#socket.send(opcode.text, JSON.stringify(hello));
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
      this.#line(bytes, start, end);
      start = end + 1;
    }
  }

  #line(bytes: Buffer, from: number, to: number): void {
    const seq = this.#seqOf(bytes, from, to);
    if (seq === 0) {
      this.#start(bytes.toString('latin1', from, to));
      return;
    }
    const group = this.#group;
    if (seq !== this.#seq + 1 && this.#seq > 0) {
      this.#fault(`message ${seq} came after ${this.#seq}`);
    }
    this.#seq = seq;
    group.arrived += 1;
    if (group.delays) {
      const mark = stamps[group.wire];
      group.delays.push(microseconds() - number(bytes, bytes.indexOf(mark, from) + mark.length));
    }
    if (group.wire === 'v1') this.#confirm();
    group.changed();
  }

  /** 0: not a message. */
  #seqOf(bytes: Buffer, from: number, to: number): number {
    if (this.#group.wire === 'v1') {
      const at = from + v1Message.length;
      // Of all frames only a message is `{"type":"m`; `missed` has no digit there.
      return bytes[from + 9] === 109 ? number(bytes, at) : 0;
    }
    // `…,"uuid":"<epoch>-<seq>"}`; the frames of the system end in a server's name or a word.
    return this.ready ? numberBefore(bytes, to - 2) : 0;
  }

  #start(text: string): void {
    const { authorized, seq = 0 } = JSON.parse(text) as { authorized?: boolean; seq?: number };
    if (authorized !== true) this.#fault(`expected to be authorised, got ${text.slice(0, 100)}`);
    this.#seq = seq;
    this.ready = true;
    this.#group.changed();
  }

  #fault(what: string): void {
    const { faults } = this.#group;
    if (faults.length < 5) faults.push(`user ${this.user}: ${what}`);
  }

  /** At once after a quiet time, at most every 200 ms in a stream: as the SDK does. */
  #confirm(): void {
    if (this.#confirmPending) return;
    if (performance.now() - this.#confirmedAt >= RECEIPT_DELAY) {
      this.confirm();
      return;
    }
    this.#confirmPending = true;
    this.#group.confirmLater(this);
  }

  confirm(): void {
    this.#confirmPending = false;
    this.#confirmedAt = performance.now();
    if (!this.gone) this.#socket.send(opcode.text, `{"type":"ack","seq":${this.#seq}}`);
  }

  leave(): void {
    this.gone = true;
    this.#socket.close();
  }

  closed(why: string): void {
    if (this.gone) return;
    this.gone = true;
    this.#fault(why);
    this.#group.changed();
  }
}
