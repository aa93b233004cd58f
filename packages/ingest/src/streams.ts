import type { App } from '@encke/protocol';
import type { WebSocket } from '@fastify/websocket';
import { Stream, type StreamHome } from './stream.ts';

/** Milliseconds that a drain gives answers in flight, which Redis has within its timeout, and the closing handshake. */
const patience = 4_000;

/** All streams of this process: one timer for their liveness, one place to drain them. */
export class Streams {
  readonly #home: StreamHome;
  readonly #open = new Map<WebSocket, Stream>();
  readonly #timer: NodeJS.Timeout;
  #draining = false;
  #ended: () => void = () => {};

  constructor(home: StreamHome) {
    this.#home = home;
    this.#timer = setInterval(() => this.#check(), 1_000);
    this.#timer.unref();
  }

  get draining(): boolean {
    return this.#draining;
  }

  get connections(): number {
    return this.#open.size;
  }

  get inflight(): number {
    let sum = 0;
    for (const stream of this.#open.values()) sum += stream.inflight;
    return sum;
  }

  open(socket: WebSocket, app: App): void {
    const stream = new Stream(this.#home, socket, app);
    this.#open.set(socket, stream);
    socket.on('close', () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#ended();
    });
    if (this.#draining) stream.drain();
  }

  /** Resolves when all are closed; a peer that does not take its answers is cut off. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#open.size > 0) {
      const ended = new Promise<void>((resolve) => {
        this.#ended = resolve;
      });
      for (const stream of this.#open.values()) stream.drain();
      const cut = setTimeout(() => this.terminate(), patience);
      await ended;
      clearTimeout(cut);
    }
    clearInterval(this.#timer);
  }

  terminate(): void {
    for (const socket of this.#open.keys()) socket.terminate();
  }

  #check(): void {
    const now = performance.now();
    for (const stream of this.#open.values()) stream.check(now);
  }
}
