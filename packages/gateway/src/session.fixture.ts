import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { BusMessage } from '@encke/cluster';
import type { App, CloseName, Device, Session as SessionId, User } from '@encke/protocol';
import type { WebSocket } from 'ws';
import type { Desk } from './desk.ts';
import type { House } from './house.ts';
import { legacyWire } from './legacy/index.ts';
import { Session } from './session.ts';
import { v1Wire } from './v1/index.ts';
import type { Wire } from './wire.ts';

/** What a session writes is kept; nothing leaves. `full` bytes wait in it as if the peer did not read, and `taking` more with each write. */
export class TestSocket extends EventEmitter {
  readonly written: Buffer[] = [];
  full = 0;
  taking = 0;
  writable = true;
  destroyed = false;

  readonly writableHighWaterMark = 16_384;

  get writableLength(): number {
    return this.full;
  }

  write(chunk: Buffer | string, encoding?: BufferEncoding): boolean {
    this.written.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
    this.full += this.taking;
    return this.full === 0;
  }

  /** Frames as [opcode, text]: 1 text, 9 ping. */
  get frames(): [opcode: number, text: string][] {
    const found: [number, string][] = [];
    const bytes = Buffer.concat(this.written);
    for (let at = 0; at < bytes.length; ) {
      const opcode = (bytes[at] as number) & 15;
      let length = bytes[at + 1] as number;
      at += 2;
      if (length === 126) {
        length = bytes.readUInt16BE(at);
        at += 2;
      } else if (length === 127) {
        length = Number(bytes.readBigUInt64BE(at));
        at += 8;
      }
      found.push([opcode, bytes.toString('utf8', at, at + length)]);
      at += length;
    }
    return found;
  }

  get pings(): string[] {
    return this.frames.filter(([opcode]) => opcode === 9).map(([, text]) => text);
  }

  get texts(): string[] {
    return this.frames.filter(([opcode]) => opcode === 1).map(([, text]) => text);
  }
}

export class TestHouse implements House {
  readonly pingInterval = 25_000;
  readonly pongTimeout = 10_000;
  readonly sendBuffer = 1_000;
  readonly confirmed: Session[] = [];
  readonly receipts = { add: (session: Session) => this.confirmed.push(session) } as never;
  readonly ended: CloseName[] = [];
  readonly gone: Session[] = [];
  readonly faults: unknown[] = [];
  dirty(session: Session): void {
    setImmediate(() => session.flush());
  }
  delivered(): void {}
  ending(close: CloseName): void {
    this.ended.push(close);
  }
  fault = (error: unknown): void => {
    this.faults.push(error);
  };
  left(session: Session): void {
    this.gone.push(session);
  }
}

let counter = 0;

const ws = () => ({
  isPaused: false,
  close: () => {},
  terminate: () => {},
  pause(): void {
    this.isPaused = true;
  },
  resume(): void {
    this.isPaused = false;
  },
});

/** A live session of user 7 at seq 0 of epoch `aaaaaaaaaa`, without a network. */
export function newSession(
  wire: 'v1' | 'legacy',
  house = new TestHouse(),
  parts: Partial<Desk> = {},
) {
  counter += 1;
  const socket = new TestSocket();
  const desk = { fault: house.fault, ...parts } as Desk;
  const wires: Record<string, () => Wire> = {
    v1: () => v1Wire(undefined as never, desk),
    legacy: () => legacyWire('nodenodenode', false, desk),
  };
  const id = `nodenodenode.${counter}` as SessionId;
  const spoken = (wires[wire] as () => Wire)();
  const peer = { agent: 'test', origin: '', language: '' };
  const session = new Session(
    id,
    spoken,
    ws() as unknown as WebSocket,
    socket as unknown as Socket,
    house,
    peer,
    '',
  );
  session.app = 1 as App;
  session.user = 7 as User;
  session.device = 'phone' as Device;
  session.target = '1:7';
  session.state = 'live';
  session.startAt('aaaaaaaaaa', 0);
  return { session, socket, house };
}

export const message = (seq: number, epoch = 'aaaaaaaaaa', time = 1_000 + seq): BusMessage => ({
  ...{ target: '1:7', epoch, seq, time },
  event: 'e',
  data: `"m${seq}"`,
});

/** The seqs of the message frames in what was written. */
export const seqsOf = (socket: TestSocket): number[] =>
  socket.texts
    .flatMap((text) => text.split('\n'))
    .flatMap((line) => {
      const frame = JSON.parse(line) as { type?: string; seq?: number; uuid?: string };
      if (frame.uuid !== undefined) return [Number(frame.uuid.split('-')[1])];
      return frame.type === 'message' ? [frame.seq as number] : [];
    });
