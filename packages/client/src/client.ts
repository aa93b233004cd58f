import {
  type App,
  type Device,
  type Fault,
  type Hello,
  isFault,
  type Message as MessageFrame,
  type Missed as MissedFrame,
  parseApp,
  parseDevice,
  parseUser,
  type Ready,
  type User,
} from '@encke/protocol';
import { deviceId } from './device.ts';
import { Emitter, run } from './emitter.ts';
import type {
  ClientEvents,
  Handler,
  Message,
  Missed,
  Position,
  State,
  Unsubscribe,
} from './events.ts';
import type { ClientOptions } from './options.ts';
import { Place } from './place.ts';
import { deviceStorage, tabStorage } from './storage.ts';
import { Uplink } from './uplink.ts';

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
  private readonly uplink: Uplink;
  private readonly events = new Emitter<ClientEvents>();
  private answer: boolean | undefined;

  /** Connects at once. Throws a TypeError that names the option and its rule. */
  constructor(options: ClientOptions = {}) {
    const { app = 0, user, storage } = options;
    this.app = checked(parseApp(app));
    this.user = user === undefined || user === 0 ? undefined : checked(parseUser(user));
    this.ownDevice = checked(parseDevice(options.device ?? deviceId(deviceStorage(storage))));
    this.place = new Place(tabStorage(storage), this.app, this.user ?? 0);
    this.uplink = new Uplink(options, {
      state: (state) => this.events.emit('state', state),
      hello: (key) => this.hello(key),
      ready: (frame, hello) => this.ready(frame, hello),
      message: (frame) => this.deliver(frame),
      missed: (frame) => this.missed(frame),
    });
    this.uplink.start();
  }

  get state(): State {
    return this.uplink.state;
  }

  /** Whether the server accepted the key; undefined before its first answer. */
  get authorized(): boolean | undefined {
    return this.answer;
  }

  /** The id of the session while online; its part before the dot is the node. */
  get session(): string | undefined {
    const { state } = this;
    return state.name === 'online' ? state.session : undefined;
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
  on<K extends keyof ClientEvents>(name: K, handler: Handler<ClientEvents[K]>): Unsubscribe {
    return this.events.on(name, handler);
  }

  /** Private messages with this event name, or all of them with `'*'`. `Data` is your word for what they carry. */
  onMessage<Data = unknown>(event: string, handler: Handler<Message<Data>>): Unsubscribe {
    const name = event === '*' ? 'message' : (`message:${event}` as const);
    return this.events.on(name, handler as Handler<Message>);
  }

  /** Messages may have been lost: time to load again what they would have said. */
  onMissed(handler: Handler<Missed>): Unsubscribe {
    return this.events.on('missed', handler);
  }

  /** Told at once when the answer is known already, then on each change. */
  onAuth(handler: Handler<boolean>): Unsubscribe {
    const unsubscribe = this.events.on('auth', handler);
    if (this.answer !== undefined) run(handler, this.answer);
    return unsubscribe;
  }

  /** Ends the connection for good, after confirming what the handlers have seen. */
  close(): void {
    this.uplink.close('closed by the app');
  }

  private hello(key: string | undefined): Hello {
    const { user } = this;
    const resume = user && this.place.position;
    return {
      type: 'hello',
      app: this.app,
      device: this.ownDevice,
      ...(user && { user }),
      ...(user && key && { key }),
      ...(resume && { resume }),
    };
  }

  private ready(frame: Ready, { resume }: Hello): number | undefined {
    const { authorized, epoch, seq, resumed } = frame;
    const changed = this.answer !== authorized;
    this.answer = authorized;
    const served = authorized && epoch !== undefined && seq !== undefined;
    if (served) this.place.start(epoch, seq);
    this.events.emit('state', this.state);
    if (changed) this.events.emit('auth', authorized);
    if (!served || !resume) return undefined;
    if (!resumed) this.events.emit('missed', { before: resume, now: { epoch, seq } });
    // The last receipt may have been lost with the socket that it was sent on.
    return resumed ? resume.seq : undefined;
  }

  private deliver(frame: MessageFrame): number | undefined {
    if (this.place.take(frame.seq)) {
      const { seq, id, event, data, time, queued = false } = frame;
      const message = { seq, id, event, data, time, queued };
      this.events.emit(`message:${event}`, message);
      this.events.emit('message', message);
      // Not before: a page that dies in a handler is to see the message again.
      this.place.save();
    }
    return this.place.position?.seq;
  }

  private missed({ epoch, seq }: MissedFrame): void {
    const before = this.place.position;
    this.place.start(epoch, seq);
    this.events.emit('missed', { ...(before && { before }), now: { epoch, seq } });
  }
}

/** Connects a user; see `ClientOptions`. */
export const createClient = (options?: ClientOptions): Client => new Client(options);
