import type { Hello, Position, Ready, ServerFrame } from '@encke/protocol';
import type { Key } from './credentials.ts';
import { followPage } from './page.ts';
import type { Down, Join, Up } from './tabs/words.ts';
import type { Uplink, UplinkHooks } from './uplink.ts';

/** Milliseconds until a subscription is asked for again that the server could not take just then. */
export const retryAfter = 2_000;

/** A client's way to the gateway. */
export interface Link {
  /** Names this client among those that share a socket. */
  readonly tab: string;
  /** Whether the socket is this client's own. */
  readonly holds: boolean;
  start(): void;
  post(up: Up): void;
  /** The handlers have seen everything up to here. */
  seen(position: Position): void;
  /** `told`: the server said so, to all tabs. */
  close(told?: boolean): void;
}

export interface LinkHooks {
  connect(hooks: UplinkHooks): Uplink;
  hello(key: Key, resume: Position | undefined): Hello;
  /** Where this client is. */
  join(): Join;
  /** A state or a frame. */
  hear(down: Down): void;
}

/** A socket of one's own: in Node.js, and where the browser has not what sharing takes. */
export class OwnLink implements Link {
  readonly tab: string;
  readonly holds = true;
  private readonly hooks: LinkHooks;
  private readonly uplink: Uplink;
  private unfollow = (): void => {};
  private online = false;
  private acked = 0;

  constructor(tab: string, hooks: LinkHooks) {
    this.tab = tab;
    this.hooks = hooks;
    this.uplink = hooks.connect({
      state: (state) => {
        this.online = false;
        hooks.hear({ type: 'state', state });
      },
      hello: (key) => hooks.hello(key, hooks.join().position),
      ready: (frame, hello) => this.ready(frame, hello),
      frame: (frame) => this.frame(frame),
    });
  }

  start(): void {
    const { uplink } = this;
    this.unfollow = followPage({
      wake: () => uplink.wake(),
      flush: () => uplink.flush(),
      freeze: (cached) => cached && uplink.pause(),
      thaw: (cached) => cached && uplink.start(),
    });
    uplink.start();
  }

  post(up: Up): void {
    if (!this.online) return;
    if (up.type === 'ask') this.uplink.send(up.frame);
    else if (up.type === 'want') this.subscribe(up.channel);
    else if (up.type === 'unwant') this.uplink.send({ type: 'unsubscribe', channel: up.channel });
  }

  seen({ seq }: Position): void {
    if (seq <= this.acked) return;
    this.acked = seq;
    this.uplink.ack(seq);
  }

  close(): void {
    this.unfollow();
    this.uplink.close();
  }

  private ready(frame: Ready, { resume }: Hello): void {
    this.online = true;
    // The last receipt may have been lost with the socket that it was sent on.
    this.acked = resume && frame.resumed ? -1 : (frame.seq ?? 0);
    this.hooks.hear({ type: 'frame', frame });
    this.subscribe();
  }

  private frame(frame: ServerFrame): void {
    if (frame.type === 'missed') this.acked = frame.seq;
    // A copy, which the server sends because it has no receipt.
    else if (frame.type === 'message' && frame.seq <= this.acked) this.acked = -1;
    else if (frame.type === 'refused' && frame.channel && frame.code === 'unavailable') {
      const { channel } = frame;
      setTimeout(() => this.online && this.subscribe(channel), retryAfter);
      return;
    }
    this.hooks.hear({ type: 'frame', frame });
  }

  /** To what the handlers want: one channel, or all. */
  private subscribe(name?: string): void {
    for (const [channel, position] of this.hooks.join().channels)
      if (name === undefined || channel === name)
        this.uplink.send({ type: 'subscribe', channel, position });
  }
}
