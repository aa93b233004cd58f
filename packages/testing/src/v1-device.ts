import { type Message, type Position, type Ready, type ServerFrame, v1 } from '@encke/protocol';
import { WebSocket } from 'ws';
import { within } from './eventually.ts';

export interface V1Hello {
  readonly app?: number;
  /** Absent: anonymous. */
  readonly user?: number;
  readonly key?: string;
  readonly device?: string;
  readonly resume?: Position;
}

export interface V1Options extends V1Hello {
  /** Acks every message in the task after it came; true unless told. */
  readonly autoAck?: boolean;
  /** Answers pings of the WebSocket; true unless told. */
  readonly autoPong?: boolean;
  /** Sends the hello by itself; true unless told. */
  readonly autoHello?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

type Listener = () => void;

/** One socket of the wire `encke.v1`, which records everything that comes. */
export class V1Device {
  readonly frames: ServerFrame[] = [];
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  /** Resolves with the ready frame, rejects when the socket closes before it. */
  readonly ready: Promise<Ready>;
  readonly closed: Promise<Closed>;
  closedWith: Closed | undefined;
  /** false: frames are passed to `onFrame` only. */
  keep = true;
  onFrame: ((frame: ServerFrame) => void) | undefined;
  #listeners = new Set<Listener>();
  #ackDue = false;
  #last = 0;
  #autoAck: boolean;

  /** `address` is the `host:port` of a gateway. */
  constructor(address: string, options: V1Options = {}) {
    const { autoAck = true, autoPong = true, autoHello = true, headers } = options;
    this.#autoAck = autoAck;
    this.socket = new WebSocket(`ws://${address}${v1.path}`, v1.subprotocol, {
      autoPong,
      perMessageDeflate: false,
      ...(headers !== undefined && { headers }),
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
      void this.closed.then(({ code, reason }) =>
        reject(new Error(`closed before it was ready: ${code} ${reason}`)),
      );
    });
    this.ready.catch(() => {});
    this.socket.on('message', (text) => this.#read(text.toString()));
    if (autoHello) this.socket.on('open', () => this.hello(options));
  }

  #onReady: (ready: Ready) => void = () => {};

  /** Connects and waits for the ready frame. */
  static async connect(address: string, options: V1Options = {}): Promise<V1Device> {
    const device = new V1Device(address, options);
    await within(device.ready, 'ready');
    return device;
  }

  hello({ app = 1, user, key, device, resume }: V1Hello): void {
    // Plain numbers and strings on purpose: tests also send what breaks a rule.
    this.send(JSON.stringify({ type: 'hello', app, user, key, device, resume }));
  }

  send(data: string | Buffer): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  ack(seq: number): void {
    this.send(JSON.stringify({ type: 'ack', seq }));
  }

  #read(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    if (this.keep) this.frames.push(frame);
    if (frame.type === 'ready') this.#onReady(frame);
    if (frame.type === 'message') {
      if (this.keep) this.messages.push(frame);
      this.#last = frame.seq;
      if (this.#autoAck && !this.#ackDue) {
        this.#ackDue = true;
        setImmediate(() => this.#sendAck());
      }
    }
    this.onFrame?.(frame);
    this.#tell();
  }

  #sendAck(): void {
    this.#ackDue = false;
    this.ack(this.#last);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Resolves when `done` returns something; it is asked after every frame and at the close. */
  until<T>(what: string, done: () => T | undefined, timeout = 10_000): Promise<T> {
    let listener: Listener = () => {};
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

  /** Resolves with the `n`th message, counted from 1. */
  message(n: number, timeout?: number): Promise<Message> {
    return this.until(`message ${n}`, () => this.messages[n - 1], timeout);
  }

  /** Resolves with the first frame of that type. */
  frame<T extends ServerFrame['type']>(
    type: T,
    timeout?: number,
  ): Promise<Extract<ServerFrame, { type: T }>> {
    const fits = (frame: ServerFrame): frame is Extract<ServerFrame, { type: T }> =>
      frame.type === type;
    return this.until(`frame ${type}`, () => this.frames.find(fits), timeout);
  }

  ping(): void {
    this.send('{"type":"ping"}');
  }

  /** Reads nothing more from the network: the kernel's buffers fill up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** A clean close. */
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
