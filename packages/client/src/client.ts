import {
  type App,
  type Device,
  type Fault,
  type Hello,
  isFault,
  type Message as MessageFrame,
  type Missed as MissedFrame,
  parseApp,
  parseChannel,
  parseDevice,
  parseUser,
  type Ready,
  type ServerFrame,
  type User,
} from '@encke/protocol';
import { Asks } from './asks.ts';
import { Channel } from './channel.ts';
import { checkedKey, type Key } from './credentials.ts';
import { deviceId } from './device.ts';
import { Emitter, run } from './emitter.ts';
import { Endpoints } from './endpoints.ts';
import type {
  AskOptions,
  ClientEvents,
  Handler,
  ListenOptions,
  Message,
  Missed,
  Position,
  State,
  Unsubscribe,
} from './events.ts';
import { type Link, type LinkHooks, OwnLink } from './link.ts';
import type { ClientOptions } from './options.ts';
import { isAfter, Place, positionOf } from './place.ts';
import { Presence } from './presence.ts';
import { deviceStorage, tabStorage } from './storage.ts';
import { SharedLink } from './tabs/shared-link.ts';
import type { Down, Join } from './tabs/words.ts';
import { Uplink } from './uplink.ts';

/** A page where all that is needed may be used: Web Locks exist on https and on localhost, and BroadcastChannel wherever they do. */
const canShare = (): boolean => !!(globalThis.document && globalThis.navigator?.locks);

function checked<T>(value: T | Fault): T {
  if (isFault(value)) throw new TypeError(value.text);
  return value;
}

/**
 * A user's connection, kept up until `close()`. Each private message reaches the handlers once and in order, across
 * reconnects and reloads; `onMissed` tells when that could not be kept.
 */
export class Client {
  private readonly app: App;
  private readonly user: User | undefined;
  private readonly ownDevice: Device;
  private readonly place: Place;
  private readonly link: Link;
  private readonly asks: Asks;
  private readonly channels = new Map<string, Channel>();
  private readonly events = new Emitter<ClientEvents>();
  private current: State = { name: 'connecting' };
  private answer: boolean | undefined;
  /** Handlers are just running. */
  private busy = false;

  /** Connects at once. Throws a TypeError that names the option and its rule. */
  constructor(options: ClientOptions = {}) {
    const { app = 0, user = 0, storage } = options;
    const { all } = new Endpoints(options.url);
    checkedKey(options.key);
    this.app = checked(parseApp(app));
    this.user = user === 0 ? undefined : checked(parseUser(user));
    this.ownDevice = checked(parseDevice(options.device ?? deviceId(deviceStorage(storage))));
    this.place = new Place(tabStorage(storage), app, user);
    // Its first number is that of the words between tabs: pages with an older SDK stay among themselves.
    const name = `encke:1:${app}:${user}:${[...all].sort().join()}`;
    this.link = this.open(name, { ...options, url: all });
    this.asks = new Asks(this.link);
    this.link.start();
  }

  get state(): State {
    return this.current;
  }

  /** Whether the socket is this tab's, and not that of another tab, or of none yet. */
  get holdsSocket(): boolean {
    return this.link.holds;
  }

  /** Whether the server accepted the key; undefined before its first answer. */
  get authorized(): boolean | undefined {
    return this.answer;
  }

  /** The id of the session while online; its part before the dot is the node. */
  get session(): string | undefined {
    return this.current.name === 'online' ? this.current.session : undefined;
  }

  /** The id of this browser, shared by its tabs. */
  get device(): string {
    return this.ownDevice;
  }

  /** Everything up to here has been handed to the handlers. */
  get position(): Position | undefined {
    return this.place.position;
  }

  /**
   * Register in the same task that creates the client: a message that comes while nobody listens counts as seen.
   * Returns how to unsubscribe.
   */
  on<K extends keyof ClientEvents>(
    name: K,
    handler: Handler<ClientEvents[K]>,
    options?: ListenOptions,
  ): Unsubscribe {
    return this.events.on(name, handler, options);
  }

  /** Private messages with this event name, or all of them with `'*'`. `Data` is your word for what they carry. */
  onMessage<Data = unknown>(
    event: string,
    handler: Handler<Message<Data>>,
    options?: ListenOptions,
  ): Unsubscribe {
    const name = event === '*' ? 'message' : (`message:${event}` as const);
    return this.on(name, handler as Handler<Message>, options);
  }

  /** Messages may have been lost: time to load again what they would have said. */
  onMissed(handler: Handler<Missed>, options?: ListenOptions): Unsubscribe {
    return this.on('missed', handler, options);
  }

  /** Told at once when the answer is known already, then on each change. */
  onAuth(handler: Handler<boolean>, options?: ListenOptions): Unsubscribe {
    const unsubscribe = this.on('auth', handler, options);
    if (this.answer !== undefined && !options?.signal?.aborted) run(handler, this.answer);
    return unsubscribe;
  }

  /** The same object for the same name. Throws a TypeError for a name against its rule. */
  channel(name: string): Channel {
    let channel = this.channels.get(name);
    if (!channel) {
      channel = new Channel(checked(parseChannel(name)), this.asks, this.link);
      this.channels.set(name, channel);
    }
    return channel;
  }

  /** Another user's coming and going. Throws a TypeError for a number against its rule. */
  presence(user: number): Presence {
    const name = `user_status_${checked(parseUser(user))}`;
    return new Presence(user, this.channel(name), this.asks);
  }

  /**
   * What the application server made public about a user; null when nothing. `Data` is your word for what it is. Rejects
   * with an EnckeError, the reason of the signal, or a TypeError for a number against its rule.
   */
  async userData<Data = unknown>(user: number, options?: AskOptions): Promise<Data | null> {
    const id = checked(parseUser(user));
    return (await this.asks.ask({ type: 'user-data', user: id }, options)).data as Data | null;
  }

  /** Ends the connection for good, after confirming what the handlers have seen. Other tabs go on. */
  close(): void {
    if (this.current.name === 'closed') return;
    this.become({ name: 'closed', reason: 'closed by the app' });
    // A message in hand is confirmed when its handlers are through; a client that they make goes on behind it.
    if (this.busy) this.place.save();
    else this.link.close();
  }

  private open(name: string, options: ClientOptions): Link {
    const hooks: LinkHooks = {
      connect: (uplinkHooks) => new Uplink(options, uplinkHooks),
      hello: (key, resume) => this.hello(key, resume),
      join: () => this.join(),
      hear: (down) => this.hear(down),
    };
    const tab = Math.random().toString(36).slice(2);
    return (options.tabs ?? true) && canShare()
      ? new SharedLink(tab, name, options, hooks)
      : new OwnLink(tab, hooks);
  }

  private hello(key: Key, resume: Position | undefined): Hello {
    const { user } = this;
    return {
      type: 'hello',
      app: this.app,
      device: this.ownDevice,
      // What is undefined is not sent.
      ...(user && { user, key, resume }),
    };
  }

  private join(): Join {
    const channels = [...this.channels.values()].filter(({ wanted }) => wanted);
    return {
      type: 'join',
      position: this.place.position,
      channels: channels.map(({ name, position }) => [name, position]),
    };
  }

  private hear(down: Down): void {
    if (this.current.name === 'closed') return;
    if (down.type === 'frame') this.frame(down.frame);
    else if (down.type === 'echo') this.channels.get(down.frame.channel)?.hear(down.frame, true);
    else if (down.type === 'state') {
      if (this.current.name !== 'connecting' || down.state.name !== 'connecting')
        this.become(down.state);
      if (down.state.name === 'closed') this.link.close(true);
    }
  }

  private become(state: State): void {
    this.current = state;
    if (state.name === 'closed') this.asks.close();
    else if (state.name !== 'online') {
      this.asks.pause();
      for (const channel of this.channels.values()) channel.renew();
    }
    this.events.emit('state', state);
  }

  private frame(frame: ServerFrame): void {
    if (frame.type === 'ready') this.ready(frame);
    else if (frame.type === 'message') this.deliver(frame);
    else if (frame.type === 'missed') this.missed(frame);
    else if (frame.type === 'presence') this.channels.get(`user_status_${frame.user}`)?.hear(frame);
    else if ('ref' in frame) this.asks.answer(frame);
    else if ('channel' in frame) this.channels.get(frame.channel as string)?.hear(frame);
  }

  private ready(frame: Ready): void {
    const { authorized, session, resumed } = frame;
    const before = this.place.position;
    const changed = this.answer !== authorized;
    const now = authorized && positionOf(frame);
    this.answer = authorized;
    if (now) this.place.start(now);
    this.become({ name: 'online', authorized, session });
    if (changed) this.events.emit('auth', authorized);
    if (now) {
      // The server means the lowest position of all tabs: who has seen all up to `seq` has missed nothing.
      if (!resumed && before && isAfter(now, before)) this.events.emit('missed', { before, now });
      this.seen();
    }
    this.asks.resume();
  }

  private deliver({ type, ...frame }: MessageFrame): void {
    if (this.place.take(frame.seq)) {
      const message = { ...frame, queued: frame.queued ?? false };
      this.busy = true;
      this.events.emit(`message:${frame.event}`, message);
      this.events.emit('message', message);
      this.busy = false;
      // Not before: a page that dies in a handler is to see the message again.
      this.place.save();
    }
    this.seen();
    if (this.current.name === 'closed') this.link.close();
  }

  private missed({ epoch, seq }: MissedFrame): void {
    const before = this.place.position;
    const now = { epoch, seq };
    this.place.start(now);
    this.events.emit('missed', { ...(before && { before }), now });
    this.seen();
  }

  private seen(): void {
    const { position } = this.place;
    if (position) this.link.seen(position);
  }
}

/** Connects a user, at once; see `ClientOptions`. Throws a TypeError that names the option and its rule. */
export const createClient = (options?: ClientOptions): Client => new Client(options);
