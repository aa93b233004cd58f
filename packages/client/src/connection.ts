import {
  type Ack,
  closeCodes,
  type Hello,
  type Ping,
  type Ready,
  type ServerFrame,
  v1,
} from '@encke/protocol';
import { report } from './emitter.ts';
import { Liveness } from './liveness.ts';
import { Receipts } from './receipts.ts';
import type { Subscribing } from './tabs/subscriptions.ts';
import type { Request } from './tabs/words.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts';

/** Milliseconds from the first packet to the ready frame; the server gives up on us after ten seconds. */
const connectTimeout = 15_000;
/** Milliseconds. A hint beyond this is a fault, and would look like a client that hangs. */
const longestHint = 300_000;
const open = 1;

export interface End {
  readonly code: number;
  readonly reason: string;
  /** Milliseconds the server asked to wait, 0 when it did not ask. */
  readonly hint: number;
}

export interface ConnectionHooks {
  ready(frame: Ready): void;
  /** Any other frame that is not about the connection itself. */
  frame(frame: ServerFrame): void;
  /** Once, and nothing after it; not when we ended it ourselves. */
  lost(end: End): void;
}

/** One socket, from its hello to its end. */
export class Connection {
  private readonly receipts = new Receipts<number>((seq) =>
    // With its epoch, so that one which crosses a change of epoch confirms nothing.
    this.send({ type: 'ack', seq, epoch: this.epoch }),
  );
  private readonly socket: WebSocketLike;
  private readonly hooks: ConnectionHooks;
  private readonly liveness: Liveness;
  private readonly timer: ReturnType<typeof setTimeout>;
  private epoch: string | undefined;
  private hint = 0;
  private problem = '';
  private over = false;

  /** Throws what the WebSocket constructor throws: a page on https may not open a `ws://` address. */
  constructor(WebSocket: WebSocketConstructor, url: string, hello: Hello, hooks: ConnectionHooks) {
    const socket = new WebSocket(url, v1.subprotocol);
    this.socket = socket;
    this.hooks = hooks;
    const silent = () => this.drop('the server does not answer');
    this.timer = setTimeout(silent, connectTimeout);
    this.liveness = new Liveness(() => this.send({ type: 'ping' }), silent);
    // The key goes into the first frame: URLs end up in logs.
    socket.addEventListener('open', () => this.send(hello));
    socket.addEventListener('message', (event) => this.receive(event.data));
    socket.addEventListener('close', (event) => this.lose(event.code, event.reason));
    // The close that follows says more; in Node.js 22 a socket that never opened stays `connecting` without one.
    socket.addEventListener('error', () => socket.readyState || this.lose(1006, ''));
  }

  probe(): void {
    this.liveness.probe();
  }

  flush(): void {
    this.receipts.flush();
  }

  /** The app has seen everything up to `seq`. */
  ack(seq: number): void {
    this.receipts.add(seq);
  }

  /** Our own end: confirms what the app has seen, and calls no hook any more. */
  end(): void {
    if (this.over) return;
    this.receipts.flush();
    this.stop();
    this.socket.close(1000);
  }

  private receive(text: unknown): void {
    if (this.over || typeof text !== 'string') return;
    this.liveness.heard();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(text);
    } catch (error) {
      report(error);
      return;
    }
    const { type } = frame;
    if (type === 'ready') {
      clearTimeout(this.timer);
      this.epoch = frame.epoch;
      this.liveness.start();
      this.hooks.ready(frame);
    } else if (type === 'going-away')
      this.hint = Math.min(Math.max(0, Number(frame.reconnectIn) || 0), longestHint);
    else if (type === 'error') this.problem = frame.message;
    else if (type !== 'pong') {
      if (type === 'missed') {
        // A receipt of the old epoch would confirm messages of the new one.
        this.receipts.forget();
        this.epoch = frame.epoch;
      }
      this.hooks.frame(frame);
    }
  }

  send(frame: Hello | Ack | Ping | Request | Subscribing): void {
    if (this.socket.readyState === open) this.socket.send(JSON.stringify(frame));
  }

  /** Gives the socket up without waiting for its close, which on a dead network takes minutes. */
  private drop(reason: string): void {
    if (this.over) return;
    this.lose(closeCodes.silent.code, reason);
    this.socket.close(closeCodes.silent.code);
  }

  private lose(code: number, reason: string): void {
    if (this.over) return;
    this.stop();
    const text = reason || (code === 1006 ? 'connection lost' : `closed with code ${code}`);
    this.hooks.lost({
      code,
      reason: this.problem ? `${text}: ${this.problem}` : text,
      hint: this.hint,
    });
  }

  private stop(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.liveness.stop();
    this.receipts.forget();
  }
}
