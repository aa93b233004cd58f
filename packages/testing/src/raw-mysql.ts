/** A MySQL client that does what no library would: any bytes, in any pieces. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** Milliseconds. */
const patience = 30_000;

export interface RawPacket {
  readonly sequence: number;
  readonly payload: Buffer;
}

/** Capabilities of a client of today, but for TLS. */
const multiResults = 131_072;
const pluginAuth = 524_288;
const pluginAuthLength = 2_097_152;
const tls = 2_048;
export const flags = 8 | 512 | 32_768 | multiResults | pluginAuth | pluginAuthLength;

export function packet(
  sequence: number,
  ...parts: readonly (Buffer | string | number[])[]
): Buffer {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(4);
  head.writeUIntLE(Math.min(payload.length, 0xffffff), 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

export const query = (statement: string): Buffer => packet(0, [3], statement);
export const ping = packet(0, [14]);

const hash = (algorithm: string, ...parts: readonly (Buffer | string)[]): Buffer => {
  const made = createHash(algorithm);
  for (const part of parts) made.update(part);
  return made.digest();
};
export const xor = (a: Buffer, b: Buffer): Buffer =>
  Buffer.from(a.map((byte, i) => byte ^ (b[i % b.length] ?? 0)));

export function nativeProof(password: string, scramble: Buffer): Buffer {
  const once1 = hash('sha1', password);
  return xor(once1, hash('sha1', scramble, hash('sha1', once1)));
}

export function sha2Proof(password: string, scramble: Buffer): Buffer {
  const once1 = hash('sha256', password);
  return xor(once1, hash('sha256', hash('sha256', once1), scramble));
}

export interface Introduction {
  readonly user?: string;
  readonly proof: Buffer;
  readonly plugin?: string;
  readonly database?: string;
  readonly capabilities?: number;
  readonly collation?: number;
}

export function introduction(sequence: number, it: Introduction): Buffer {
  const { user = '1', proof, plugin = 'mysql_native_password', database = '' } = it;
  const head = Buffer.alloc(32);
  head.writeUInt32LE((it.capabilities ?? flags) >>> 0, 0);
  head.writeUInt32LE(0xffffff, 4);
  head[8] = it.collation ?? 45;
  return packet(sequence, head, `${user}\0`, [proof.length], proof, `${database}\0`, `${plugin}\0`);
}

/** errno, SQLSTATE and text of an ERR packet. */
export function fault({ payload }: RawPacket): [errno: number, state: string, text: string] {
  if (payload[0] !== 0xff) throw new Error(`no error but ${payload.toString('hex')}`);
  return [payload.readUInt16LE(1), payload.toString('utf8', 4, 9), payload.toString('utf8', 9)];
}

export const isOk = ({ payload }: RawPacket): boolean => payload[0] === 0;

export class RawClient {
  socket: Socket;
  closed = false;
  scramble: Buffer = Buffer.alloc(0);
  #bytes: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#listen();
  }

  #listen(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  send(...bytes: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** The next packet; undefined when the server closed the connection instead. */
  async next(): Promise<RawPacket | undefined> {
    for (;;) {
      const length = this.#bytes.length >= 4 ? this.#bytes.readUIntLE(0, 3) : Number.NaN;
      if (this.#bytes.length >= 4 + length) {
        const payload = this.#bytes.subarray(4, 4 + length);
        const sequence = this.#bytes[3] ?? 0;
        this.#bytes = this.#bytes.subarray(4 + length);
        return { sequence, payload };
      }
      if (this.closed) return undefined;
      await this.#woken();
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no packet of the server')), patience);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async packet(): Promise<RawPacket> {
    const next = await this.next();
    if (next === undefined) throw new Error('the server closed the connection');
    return next;
  }

  /** Reads the greeting. */
  async greeted(): Promise<RawPacket> {
    const greeting = await this.packet();
    const { payload } = greeting;
    const at = payload.indexOf(0) + 1 + 4;
    this.scramble = Buffer.concat([
      payload.subarray(at, at + 8),
      payload.subarray(at + 27, at + 27 + 12),
    ]);
    return greeting;
  }

  /** Greeting and introduction, with the right password unless told otherwise. */
  async enter(it: Partial<Introduction> & { password?: string } = {}): Promise<RawPacket> {
    await this.greeted();
    const proof = nativeProof(it.password ?? 'the-key', this.scramble);
    this.send(introduction(1, { proof, ...it }));
    return this.packet();
  }

  /** Asks for TLS and goes on in it. */
  async secure(): Promise<void> {
    const head = Buffer.alloc(32);
    head.writeUInt32LE(flags | tls, 0);
    head[8] = 45;
    this.send(packet(1, head));
    this.socket.removeAllListeners('data');
    const secure = connectSecurely({ socket: this.socket, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    this.socket = secure;
    this.#listen();
  }

  async gone(): Promise<void> {
    while ((await this.next()) !== undefined);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A client that has logged in. */
export async function entered(
  port: number,
  it: Parameters<RawClient['enter']>[0] = {},
): Promise<RawClient> {
  const client = new RawClient(port);
  const answer = await client.enter(it);
  if (!isOk(answer)) throw new Error(`not let in: ${answer.payload.toString('latin1')}`);
  return client;
}
