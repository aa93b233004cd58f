import type { ChannelFrame, Position, Published, Refused, ServerFrame } from '@encke/protocol';
import { retryAfter } from '../link.ts';
import { positionOf } from '../place.ts';
import type { Down, Publish, Request } from './words.ts';

interface Subscription {
  readonly tabs: Set<string>;
  /** Everything up to here went to the tabs; while a subscribe is open, what that or the next one asks for. */
  position: Position | undefined;
  /**
   * A subscribe is without an answer, and nothing else is sent about this channel: of two that are under way the server
   * answers one alone, and none that an unsubscribe follows.
   */
  open: boolean;
  /** Meanwhile a tab came that is further behind. */
  again: boolean;
  /** The server does not let us subscribe. */
  refused: Refused | undefined;
}

export type Subscribing =
  | {
      readonly type: 'subscribe';
      readonly channel: string;
      readonly position?: Position | undefined;
    }
  | { readonly type: 'unsubscribe'; readonly channel: string };

export interface SubscriptionHooks {
  /** To the gateway; dropped while there is no connection. */
  up(frame: Request | Subscribing): void;
  /** To one tab, or to all. */
  send(down: Down, to?: string): void;
  /** Whom others see as the sender of what is published here; 0: nobody. */
  user(): number;
}

const isBehind = (a: Position | undefined, b: Position | undefined): boolean =>
  a !== undefined && (b === undefined || (a.epoch === b.epoch && a.seq < b.seq));

/** What the tabs listen to, united for the one socket, and the way of each answer back to the tab that asked. */
export class Subscriptions {
  private readonly hooks: SubscriptionHooks;
  private readonly all = new Map<string, Subscription>();
  private readonly publishing = new Map<string, Publish>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private online = false;

  constructor(hooks: SubscriptionHooks) {
    this.hooks = hooks;
  }

  /** The socket is new and knows nothing. */
  resume(): void {
    this.pause();
    this.online = true;
    for (const [channel, it] of this.all) this.subscribe(channel, it);
  }

  /** The socket is gone. */
  pause(): void {
    this.online = false;
    this.publishing.clear();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    for (const [channel, it] of this.all) {
      it.open = false;
      if (it.tabs.size === 0) this.all.delete(channel);
    }
  }

  want(tab: string, channel: string, position: Position | undefined): void {
    const known = this.all.get(channel);
    const it = known ?? {
      tabs: new Set(),
      position,
      open: false,
      again: false,
      refused: undefined,
    };
    it.tabs.add(tab);
    this.all.set(channel, it);
    // A channel without a position keeps no history, unless its answer is still on its way.
    const low = isBehind(position, it.position) && (it.position || it.open || !this.online);
    if (low) it.position = position;
    if (!this.online) return;
    if (it.open) {
      if (low) it.again = true;
    } else if (it.refused) this.tell(it.refused, tab);
    // Also for the other tabs, which drop what they have.
    else if (!known || low) this.subscribe(channel, it);
    else {
      const recovered = position !== undefined && position.epoch === it.position?.epoch;
      this.tell({ type: 'subscribed', channel, ...it.position, recovered }, tab);
    }
  }

  unwant(tab: string, channel: string): void {
    const it = this.all.get(channel);
    if (it?.tabs.delete(tab) && !it.open) this.drop(channel, it);
  }

  leave(tab: string): void {
    for (const channel of [...this.all.keys()]) this.unwant(tab, channel);
  }

  ask(frame: Request): void {
    if (frame.type === 'publish') this.publishing.set(frame.ref, frame);
    this.hooks.up(frame);
  }

  frame(frame: ServerFrame): void {
    if ('ref' in frame && frame.ref !== undefined) {
      const [tab = ''] = String(frame.ref).split(':');
      if (frame.type === 'published') this.echo(tab, frame);
      this.publishing.delete(String(frame.ref));
      this.tell(frame, tab);
    } else if (
      !('channel' in frame && frame.channel !== undefined) ||
      this.follow(frame.channel, frame)
    )
      this.tell(frame);
  }

  /** Whether the frame is for the tabs. */
  private follow(channel: string, frame: ServerFrame): boolean {
    const it = this.all.get(channel);
    if (!it) return false;
    switch (frame.type) {
      case 'subscribed':
        it.open = false;
        if (this.drop(channel, it)) return false;
        if (it.again) {
          this.subscribe(channel, it);
          return false;
        }
        it.position = positionOf(frame);
        break;
      case 'refused':
        if (frame.code === 'unavailable') {
          this.retry(channel, it);
          return false;
        }
        it.open = false;
        it.refused = frame;
        return !this.drop(channel, it);
      case 'channel-missed':
        if (!it.open) it.position = positionOf(frame);
        break;
      case 'channel': {
        const now = positionOf(frame);
        if (!it.open && !(it.position && isBehind(now, it.position))) it.position = now;
        break;
      }
    }
    return true;
  }

  /** The server does not send it back to this socket, which is that of the other tabs too. */
  private echo(from: string, { ref, id, epoch, seq }: Published): void {
    const sent = this.publishing.get(String(ref));
    if (!sent) return;
    const { channel, event, data, hidden } = sent;
    const user = hidden ? 0 : this.hooks.user();
    const frame: ChannelFrame = {
      type: 'channel',
      channel,
      id,
      event,
      data,
      user,
      time: Date.now(),
      ...positionOf({ epoch, seq }),
    };
    for (const tab of this.all.get(channel)?.tabs ?? [])
      if (tab !== from) this.hooks.send({ type: 'echo', frame }, tab);
  }

  private subscribe(channel: string, it: Subscription): void {
    it.open = true;
    it.again = false;
    it.refused = undefined;
    this.hooks.up({ type: 'subscribe', channel, position: it.position });
  }

  /** It stays open until then. */
  private retry(channel: string, it: Subscription): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      it.open = false;
      if (!this.drop(channel, it)) this.subscribe(channel, it);
    }, retryAfter);
    this.timers.add(timer);
  }

  /** Whether nobody wants it any more. */
  private drop(channel: string, it: Subscription): boolean {
    if (it.tabs.size > 0) return false;
    this.all.delete(channel);
    this.hooks.up({ type: 'unsubscribe', channel });
    return true;
  }

  private tell(frame: ServerFrame, tab?: string): void {
    this.hooks.send({ type: 'frame', frame }, tab);
  }
}
