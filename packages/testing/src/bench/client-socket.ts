/**
 * A WebSocket client on a bare socket, for load that must cost next to nothing: whatever it uses is missing to what is
 * measured on the same machine. All sockets of a process read into one buffer. It expects what our own processes send:
 * unfragmented frames without extensions.
 */
import { connect, type Socket } from 'node:net';

export const opcode = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** Not zero, so that the server has to unmask as it does for a browser. */
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;
const shared = Buffer.allocUnsafe(256 * 1024);

/** A masked frame; `payload` is ASCII. */
export function clientFrame(code: number, payload: string): Buffer {
  const { length } = payload;
  const head = length < 126 ? 6 : length < 65_536 ? 8 : 14;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x80 | code;
  if (head === 6) {
    frame[1] = 0x80 | length;
  } else if (head === 8) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  for (let i = 0; i < 4; i++) frame[head - 4 + i] = MASK[i] as number;
  for (let i = 0; i < length; i++) {
    frame[head + i] = payload.charCodeAt(i) ^ (MASK[i & 3] as number);
  }
  return frame;
}

/** Who reads a socket. `bytes` is the shared buffer: what must stay is copied. */
export interface Reader {
  open(): void;
  frame(code: number, bytes: Buffer, from: number, to: number): void;
  closed(why: string): void;
}

export class ClientSocket {
  readonly #socket: Socket;
  readonly #reader: Reader;
  #rest: Buffer | undefined;
  #upgraded = false;
  #why = 'connection closed';

  /** `head`: request line and further headers, each line ending in CRLF. */
  constructor(port: number, head: string, reader: Reader) {
    this.#reader = reader;
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: shared, callback: (size) => this.#read(size) },
    });
    this.#socket.on('error', (error) => {
      this.#why = error.message;
    });
    this.#socket.on('close', () => reader.closed(this.#why));
    this.#socket.write(
      `${head}Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ZW5ja2UtYmVuY2htYXJrIQ==\r\n\r\n',
    );
  }

  send(code: number, payload: string): void {
    this.#socket.write(clientFrame(code, payload));
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(size: number): boolean {
    const fresh = shared.subarray(0, size);
    const bytes = this.#rest ? Buffer.concat([this.#rest, fresh]) : fresh;
    const used = this.#upgraded ? this.#frames(bytes, 0) : this.#answer(bytes);
    this.#rest = used < bytes.length ? Buffer.from(bytes.subarray(used)) : undefined;
    return true;
  }

  #answer(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const [line = ''] = bytes.toString('latin1', 0, end).split('\r\n');
    if (!line.startsWith('HTTP/1.1 101')) {
      this.#why = `refused: ${line}`;
      this.close();
      return bytes.length;
    }
    this.#upgraded = true;
    this.#reader.open();
    return this.#frames(bytes, end + 4);
  }

  /** @returns how many bytes are done with. */
  #frames(bytes: Buffer, start: number): number {
    let at = start;
    while (at + 2 <= bytes.length) {
      const short = (bytes[at + 1] as number) & 0x7f;
      let from = at + 2;
      let length = short;
      if (short === 126) {
        if (at + 4 > bytes.length) break;
        length = bytes.readUInt16BE(at + 2);
        from = at + 4;
      } else if (short === 127) {
        if (at + 10 > bytes.length) break;
        length = bytes.readUInt32BE(at + 6);
        from = at + 10;
      }
      if (from + length > bytes.length) break;
      this.#reader.frame((bytes[at] as number) & 0x0f, bytes, from, from + length);
      at = from + length;
    }
    return at;
  }
}
