import { WebSocket } from 'ws';
import { within } from './eventually.ts';
import type { Closed } from './v1-device.ts';

export interface LegacyOptions {
  readonly app?: number | string;
  /** 0: anonymous. */
  readonly user?: number | string;
  readonly key?: string;
  /** 32 characters; random unless told. */
  readonly uuid?: string;
  readonly version?: string;
  /** Before `ws/`; a page's host setting may carry a path. */
  readonly path?: string;
  /** Answers pings, which are the receipts of the old wire; true unless told. */
  readonly autoPong?: boolean;
  readonly protocols?: readonly string[];
}

/** One line of a frame of the old wire. */
export type LegacyFrame = Readonly<Record<string, unknown>> & {
  readonly event: string;
  readonly pipe: string;
  readonly data: unknown;
  readonly uuid?: string;
  readonly fromQueue?: boolean;
};

export const randomUuid = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');

export function legacyUrl(address: string, options: LegacyOptions = {}): string {
  const { app = 1, user = 0, key = '', version = '4.0', path = '' } = options;
  const uuid = options.uuid ?? randomUuid();
  return `ws://${address}${path}/ws/sesion=${key}&myid=${user}&devid=${app}&v=${version}&uuid=${uuid}&api=js`;
}

/** One socket of the old wire, as an unmodified script opens it. */
export class LegacyDevice {
  /** Every line of every frame. */
  readonly frames: LegacyFrame[] = [];
  /** The private messages among them, second copies included. */
  readonly messages: LegacyFrame[] = [];
  /** Payloads of the pings that came. */
  readonly pings: string[] = [];
  readonly socket: WebSocket;
  /** Resolves with the serverInfo frame, rejects when the socket closes before it. */
  readonly ready: Promise<LegacyFrame & { readonly authorized: boolean }>;
  readonly closed: Promise<Closed>;
  closedWith: Closed | undefined;
  /** false: frames are passed to `onFrame` only. */
  keep = true;
  onFrame: ((frame: LegacyFrame) => void) | undefined;
  #listeners = new Set<() => void>();

  /** `address` is the `host:port` of a gateway. */
  constructor(address: string, options: LegacyOptions = {}) {
    const { autoPong = true, protocols = [] } = options;
    this.socket = new WebSocket(legacyUrl(address, options), [...protocols], {
      autoPong,
      perMessageDeflate: false,
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.closedWith = { code, reason: reason.toString() };
        resolve(this.closedWith);
        this.#tell();
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve;
      this.socket.on('error', reject);
      void this.closed.then(({ code }) => reject(new Error(`closed before serverInfo: ${code}`)));
    });
    this.ready.catch(() => {});
    this.socket.on('ping', (payload) => this.pings.push(payload.toString()));
    this.socket.on('message', (text) => {
      for (const line of text.toString().split('\n')) if (line !== '') this.#read(line);
      this.#tell();
    });
  }

  #onReady: (frame: LegacyFrame & { readonly authorized: boolean }) => void = () => {};

  /** Connects and waits for the serverInfo frame. */
  static async connect(address: string, options: LegacyOptions = {}): Promise<LegacyDevice> {
    const device = new LegacyDevice(address, options);
    await within(device.ready, 'serverInfo');
    return device;
  }

  #read(line: string): void {
    const frame = JSON.parse(line) as LegacyFrame & { readonly authorized: boolean };
    if (frame.event === 'serverInfo') this.#onReady(frame);
    if (this.keep) this.frames.push(frame);
    if (this.keep && frame.pipe === 'msg') this.messages.push(frame);
    this.onFrame?.(frame);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when `done` returns something; it is asked after every frame and at the close. */
  until<T>(what: string, done: () => T | undefined, timeout = 10_000): Promise<T> {
    let listener = () => {};
    const found = new Promise<T>((resolve) => {
      listener = () => {
        const value = done();
        if (value !== undefined) resolve(value);
      };
      this.#listeners.add(listener);
      listener();
    });
    return within(found, `${what} (has ${this.messages.length} messages)`, timeout).finally(() =>
      this.#listeners.delete(listener),
    );
  }

  /** Resolves with the `n`th private message, counted from 1. */
  message(n: number, timeout?: number): Promise<LegacyFrame> {
    return this.until(`message ${n}`, () => this.messages[n - 1], timeout);
  }

  send(data: string | Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  async close(): Promise<void> {
    this.socket.close(1000);
    await this.closed;
  }

  /** Drops the TCP connection, as a lost Wi-Fi would. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}
