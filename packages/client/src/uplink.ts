import {
  closeCodes,
  type Hello,
  mayReconnect,
  type Ready,
  type ServerFrame,
} from '@encke/protocol';
import { Backoff } from './backoff.ts';
import { Connection, type End } from './connection.ts';
import { Credentials, type Key } from './credentials.ts';
import { report } from './emitter.ts';
import { Endpoints } from './endpoints.ts';
import type { State } from './events.ts';
import type { ClientOptions } from './options.ts';
import type { Subscribing } from './tabs/subscriptions.ts';
import type { Request } from './tabs/words.ts';
import { findWebSocket, type WebSocketConstructor } from './web-socket.ts';

export const frozen: State = {
  name: 'waiting',
  reason: 'the page is frozen',
  retryIn: Number.POSITIVE_INFINITY,
};

export interface UplinkHooks {
  /** Every change but the one to online. */
  state(state: State): void;
  /** The first frame of an attempt. */
  hello(key: Key): Hello;
  /** A key that another tab knows, when ours was refused or there is none. */
  otherKey?(refused: Key): Promise<Key>;
  /** Online. */
  ready(frame: Ready, hello: Hello): void;
  /** Any other frame that is not about the connection itself. */
  frame(frame: ServerFrame): void;
}

/** Keeps one connection up: asks for the key, connects, waits, comes back, until it may not. */
export class Uplink {
  private readonly hooks: UplinkHooks;
  private readonly WebSocket: WebSocketConstructor | undefined;
  private readonly endpoints: Endpoints;
  private readonly credentials: Credentials;
  private readonly backoff: Backoff;
  private current: State = { name: 'connecting' };
  private connection: Connection | undefined;
  /** Counts attempts: what an older one still awaits is void. */
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When this connection became useful; undefined while it is not. */
  private goodSince: number | undefined;

  constructor(options: ClientOptions, hooks: UplinkHooks) {
    const { url, user } = options;
    this.hooks = hooks;
    this.WebSocket = options.WebSocket;
    this.endpoints = new Endpoints(url);
    this.credentials = new Credentials(
      options.key,
      user ? options.getKey : undefined,
      user ? hooks.otherKey : undefined,
    );
    this.backoff = new Backoff(options.backoff);
  }

  get state(): State {
    return this.current;
  }

  /** Connects, instead of a connection that there is: the next one may begin at another position. */
  start(): void {
    void this.connect();
  }

  /** Something happened that often breaks connections, and a wait may have lost its reason. */
  wake(): void {
    if (this.current.name === 'waiting') void this.connect();
    else this.connection?.probe();
  }

  /** The session is anonymous, and there may be a better key now. */
  renew(): void {
    if (this.credentials.refuse()) this.renewLater();
  }

  send(frame: Request | Subscribing): void {
    this.connection?.send(frame);
  }

  /** The app has seen everything up to `seq`. */
  ack(seq: number): void {
    this.connection?.ack(seq);
  }

  flush(): void {
    this.connection?.flush();
  }

  /** The page is frozen. `start` goes on. */
  pause(): void {
    this.abandon();
    this.become(frozen);
  }

  close(reason = '', code?: number): void {
    if (this.current.name === 'closed') return;
    this.abandon();
    this.become({ name: 'closed', reason, ...(code !== undefined && { code }) });
  }

  private become(state: State): void {
    this.current = state;
    this.hooks.state(state);
  }

  /** Ends what is under way, whatever it is, and opens the number of the next attempt. */
  private abandon(): number {
    clearTimeout(this.timer);
    this.connection?.end();
    this.connection = undefined;
    this.goodSince = undefined;
    this.attempt += 1;
    return this.attempt;
  }

  private later(task: () => void, time: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(task, time);
  }

  private async connect(): Promise<void> {
    const attempt = this.abandon();
    this.become({ name: 'connecting' });
    try {
      const WebSocket = await findWebSocket(this.WebSocket);
      if (attempt !== this.attempt) return;
      const key = await this.key(attempt);
      if (attempt === this.attempt) this.open(WebSocket, this.hooks.hello(key));
    } catch (error) {
      // No WebSocket at all, or an address that a page on https may not use: no attempt will ever succeed.
      if (attempt !== this.attempt) return;
      report(error);
      this.close(String(error));
    }
  }

  /** A `getKey` that fails makes its attempt fail, and void. */
  private async key(attempt: number): Promise<Key> {
    try {
      return await this.credentials.current();
    } catch (error) {
      if (attempt === this.attempt) {
        this.attempt += 1;
        this.wait(`getKey failed: ${error}`);
      }
      return undefined;
    }
  }

  private open(WebSocket: WebSocketConstructor, hello: Hello): void {
    const { hooks } = this;
    this.connection = new Connection(WebSocket, this.endpoints.next(), hello, {
      ready: (frame) => this.ready(frame, hello),
      frame: (frame) => hooks.frame(frame),
      lost: (end) => this.lost(end),
    });
  }

  private ready(frame: Ready, hello: Hello): void {
    const { authorized, session } = frame;
    const refused = !authorized && this.credentials.refuse();
    if (refused) this.renewLater();
    else this.goodSince = Date.now();
    this.current = { name: 'online', authorized, session };
    this.hooks.ready(frame, hello);
  }

  /** The refused session stays, as anonymous; only another key makes a new attempt worth its while. */
  private renewLater(): void {
    const { attempt } = this;
    this.later(() => {
      this.credentials
        .renew()
        .then((renewed) => {
          if (renewed && attempt === this.attempt) void this.connect();
        })
        .catch((error) => {
          report(error);
          if (attempt === this.attempt) this.renewLater();
        });
    }, this.backoff.next());
  }

  private lost({ code, reason, hint }: End): void {
    if (this.goodSince !== undefined && Date.now() - this.goodSince >= this.backoff.stable)
      this.backoff.reset();
    this.abandon();
    if (code === closeCodes.signedOut.code || code === closeCodes.refresh.code)
      this.credentials.refuse();
    if (mayReconnect(code)) this.wait(reason, code, hint);
    else this.close(reason, code);
  }

  private wait(reason: string, code?: number, hint = 0): void {
    // A hint is the same for all devices of a node: the backoff on top of it spreads them.
    const retryIn = Math.round(hint + this.backoff.next());
    this.later(() => void this.connect(), retryIn);
    this.become({ name: 'waiting', reason, retryIn, ...(code !== undefined && { code }) });
  }
}
