import type { ChannelFrame, ChannelItem, ChannelServerFrame, Position } from '@encke/protocol';
import type { Asks } from './asks.ts';
import { Emitter, report } from './emitter.ts';
import { EnckeError } from './errors.ts';
import type {
  AskOptions,
  ChannelEvents,
  ChannelMessage,
  Handler,
  ListenOptions,
  Member,
  PublishOptions,
  Unsubscribe,
} from './events.ts';
import type { Link } from './link.ts';
import { isAfter, type Placed, positionOf } from './place.ts';

/** Ids of messages that are remembered, to drop what a channel without positions brings twice. */
const remembered = 200;

/**
 * A channel by its name. It is subscribed while it has handlers; the rest needs no subscription. A promise is rejected with
 * an EnckeError, or with the reason of its signal.
 */
export class Channel {
  readonly name: string;
  private readonly asks: Asks;
  private readonly link: Link;
  private readonly events = new Emitter<ChannelEvents>(() => queueMicrotask(() => this.check()));
  private readonly ids = new Set<string>();
  /** @internal The handlers have seen everything up to here; undefined: the channel keeps no history, or nothing came yet. */
  position: Position | undefined;
  /** @internal Whether it has handlers. */
  wanted = false;
  /** Whether the server has answered a subscribe. */
  private live = false;
  /** What comes before the answer to the present subscribe is not complete. */
  private waiting = false;

  /** @internal `client.channel(name)` makes one. */
  constructor(name: string, asks: Asks, link: Link) {
    this.name = name;
    this.asks = asks;
    this.link = link;
  }

  /** Messages with this event name, or all of them with `'*'`. `Data` is your word for what they carry. */
  on<Data = unknown>(
    event: string,
    handler: Handler<ChannelMessage<Data>>,
    options?: ListenOptions,
  ): Unsubscribe {
    const name = event === '*' ? 'message' : (`message:${event}` as const);
    return this.listen(name, handler as Handler<ChannelMessage>, options);
  }

  /** All messages. */
  onMessage<Data = unknown>(
    handler: Handler<ChannelMessage<Data>>,
    options?: ListenOptions,
  ): Unsubscribe {
    return this.on('*', handler, options);
  }

  /** Any event by its name; see `ChannelEvents`. */
  listen<K extends keyof ChannelEvents>(
    name: K,
    handler: Handler<ChannelEvents[K]>,
    options?: ListenOptions,
  ): Unsubscribe {
    return this.events.on(name, handler, options);
  }

  /** Messages may have been lost: more than the channel keeps, or it keeps none and the connection was lost. */
  onMissed(handler: Handler<ChannelEvents['missed']>, options?: ListenOptions): Unsubscribe {
    return this.listen('missed', handler, options);
  }

  /** Somebody else subscribed; only `track_` channels tell. */
  onJoined(handler: Handler<Member>, options?: ListenOptions): Unsubscribe {
    return this.listen('joined', handler, options);
  }

  /** Somebody else left, or lost the connection; only `track_` channels tell. */
  onLeft(handler: Handler<Member>, options?: ListenOptions): Unsubscribe {
    return this.listen('left', handler, options);
  }

  /**
   * How many were told, the own connection not counted. Browsers may publish to `web_` and, signed in, `webauth_` channels.
   * Data that JSON cannot say is rejected with a TypeError.
   */
  async publish(event: string, data: unknown, options: PublishOptions = {}): Promise<number> {
    const { hidden } = options;
    const { subscribers, id, epoch, seq } = await this.asks.ask(
      { type: 'publish', channel: this.name, event, data, ...(hidden && { hidden }) },
      options,
    );
    // It comes back only when the history is read again, and is not new then.
    this.note(id, positionOf({ epoch, seq }), true);
    return subscribers;
  }

  /** What the channel keeps, oldest first. */
  async history(options?: AskOptions): Promise<ChannelMessage[]> {
    const { messages } = await this.ask('history', options);
    return messages.map((message) => this.toMessage(message, true));
  }

  /** Connections that are subscribed, on all gateways; of `web_` and `track_` channels. */
  async count(options?: AskOptions): Promise<number> {
    return (await this.ask('count', options)).subscribers;
  }

  /** One for each connection that is subscribed; of `track_` channels. */
  async members(options?: AskOptions): Promise<readonly Member[]> {
    return (await this.ask('members', options)).members;
  }

  /** @internal Whether what happens from now on comes. */
  get subscribed(): boolean {
    return this.wanted && this.live && !this.waiting;
  }

  /** @internal The next connection, or another tab's, has to be told of us. */
  renew(): void {
    this.waiting = true;
  }

  /** @internal A frame about this channel; `echo`: another tab published it, which the server does not tell us. */
  hear(frame: ChannelServerFrame, echo = false): void {
    const { type } = frame;
    if (type === 'channel') {
      if (!this.waiting) this.deliver(frame, echo);
    } else if (type === 'subscribed') {
      this.waiting = false;
      this.move(frame);
      this.live = true;
      this.events.emit(type, undefined);
    } else if (type === 'channel-missed') this.move(frame);
    else if (type === 'joined' || type === 'left') {
      const { user, device, session } = frame;
      this.events.emit(type, { user, device, session });
    } else if (type === 'presence') {
      const { user, online, time } = frame;
      this.events.emit(type, { user, online, lastSeen: time });
    } else if (type === 'refused') {
      const error = new EnckeError(frame.code, `${this.name}: ${frame.message}`);
      if (!this.events.emit(type, error)) report(error);
    }
  }

  private ask<T extends 'history' | 'count' | 'members'>(type: T, options?: AskOptions) {
    return this.asks.ask({ type, channel: this.name }, options);
  }

  private check(): void {
    const wanted = this.events.size > 0;
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.waiting = wanted;
    this.live = false;
    this.position = undefined;
    this.link.post({ type: wanted ? 'want' : 'unwant', channel: this.name });
  }

  private deliver(frame: ChannelFrame, echo: boolean): void {
    const position = positionOf(frame);
    const seen = this.ids.has(frame.id) || (!echo && position && !isAfter(position, this.position));
    this.note(frame.id, position, echo);
    if (seen) return;
    const { type, ...item } = frame;
    const message = this.toMessage(item, frame.history ?? false);
    this.events.emit(`message:${frame.event}`, message);
    this.events.emit('message', message);
  }

  /** `early`: it may have overtaken others, which are not seen then. */
  private note(id: string, position: Position | undefined, early: boolean): void {
    this.ids.add(id);
    if (this.ids.size > remembered) this.ids.delete(this.ids.values().next().value as string);
    const { position: at } = this;
    if (!position || !isAfter(position, at)) return;
    if (!early || (position.epoch === at?.epoch && position.seq === at.seq + 1))
      this.position = position;
  }

  /** The server serves from here. */
  private move(frame: Placed): void {
    const before = this.position;
    const now = positionOf(frame);
    if (now && before && !isAfter(now, before)) return;
    this.position = now;
    if (this.live) this.events.emit('missed', { ...(before && { before }), ...(now && { now }) });
  }

  private toMessage({ epoch, seq, ...item }: ChannelItem, history: boolean): ChannelMessage {
    return { ...item, channel: this.name, history };
  }
}
