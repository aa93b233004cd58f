import { type Client, createClient } from './client.ts';
import { deviceId } from './device.ts';
import { run } from './emitter.ts';
import type { Message } from './events.ts';
import { deviceStorage } from './storage.ts';

/** The old names: `dev_id` is the app, `node` the gateway. */
export interface CometOptions {
  /** Default 0. */
  readonly dev_id?: number | string;
  /** Absent or 0: anonymous. */
  readonly user_id?: number | string;
  /** The user's auth hash or a JWT. */
  readonly user_key?: string;
  /** `host`, `host:port` or `host/path`. Default: where the page came from. */
  readonly node?: string;
  /** Several of them, tried in turn. */
  readonly nodes?: readonly string[];
  /** Whether to use TLS. Default: whether the page does. */
  readonly wss?: boolean;
}

export interface CometMessage {
  /** Text that is JSON has been parsed; other text is as it was sent. */
  readonly data: unknown;
  readonly server_info: {
    readonly pipe: 'msg';
    readonly event: string;
    readonly user_id?: number;
    /** Private messages are never history; the inbox is delivered, not asked for. */
    readonly history: boolean;
    readonly marker: string | undefined;
    /** The message's id. */
    readonly uuid: string;
  };
}

type Callback = (message: CometMessage) => unknown;
type Answer = (authorized: boolean) => unknown;

/** The event of `msg.event`, undefined for all of `msg`. Throws for any other name. */
function eventOf(name: string): string | undefined {
  if (name === 'msg') return undefined;
  if (name.startsWith('msg.')) return name.slice(4);
  throw new Error(
    `subscription("${name}"): channels are not in this version of Encke, only "msg" and "msg.<event>"`,
  );
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

function toOld({ id, event, data }: Message): CometMessage {
  return {
    data: parsed(data),
    server_info: { pipe: 'msg', event, history: false, marker: undefined, uuid: id },
  };
}

function address(node: string, wss: boolean | undefined): string {
  const [, scheme, rest] = /^(?:(https?|wss?):\/\/)?(.*)$/.exec(node) ?? [];
  const named = scheme === undefined ? undefined : /s$/.test(scheme);
  const page = typeof location !== 'undefined' && location.protocol === 'https:';
  return `${(wss ?? named ?? page) ? 'wss' : 'ws'}://${rest}`;
}

/** The face of `CometServerApi.js` on top of this client, for pages that were written for it. */
class CometFace {
  private options: CometOptions = {};
  private client: Client | undefined;
  private uuid: string | undefined;
  private logLevel = 0;
  private lastId = 0;
  private readonly subscriptions = new Map<
    number,
    { event: string | undefined; callback: Callback }
  >();
  private readonly answers: Record<'true' | 'false', Answer[]> = { true: [], false: [] };

  /** Connects. While connected: does nothing without options, and restarts with them. */
  start(options?: CometOptions): void {
    if (this.client && !options) return;
    this.restart(options);
  }

  /** Connects anew; options that are not given stay as they were. Throws a TypeError for a bad number or address. */
  restart(options: CometOptions = {}): void {
    this.stop();
    this.options = { ...this.options, ...options };
    const { dev_id = 0, user_id = 0, user_key, node, nodes, wss } = this.options;
    const gateways = nodes?.length ? nodes : node ? [node] : undefined;
    const client = createClient({
      app: Number(dev_id),
      user: Number(user_id),
      ...(user_key !== undefined && { key: String(user_key) }),
      ...(gateways && { url: gateways.map((gateway) => address(gateway, wss)) }),
      device: this.getUUID(),
    });
    this.client = client;
    client.on('state', (state) => this.log(1, `is ${state.name}`, state));
    client.on('message', (message) => this.deliver(message));
    client.onAuth((authorized) => {
      for (const answer of [...this.answers[`${authorized}`]]) run(answer, authorized);
    });
  }

  stop(): void {
    this.client?.close();
    this.client = undefined;
  }

  /**
   * Private messages: all with `"msg"` or without a name, or one event's with `"msg.event"`. Returns the id for
   * `unsubscription`. Throws for channels.
   */
  subscription(callback: Callback): number;
  subscription(name: string, callback: Callback): number;
  subscription(name: string | Callback, callback?: Callback): number {
    const subscription =
      typeof name === 'function'
        ? { event: undefined, callback: name }
        : { event: eventOf(name), callback };
    if (typeof subscription.callback !== 'function')
      throw new TypeError('subscription: the callback must be a function');
    this.lastId += 1;
    this.subscriptions.set(this.lastId, { ...subscription, callback: subscription.callback });
    return this.lastId;
  }

  /** Whether there was one with this id. */
  unsubscription(id: number): boolean {
    return this.subscriptions.delete(id);
  }

  unsubscriptionAll(): void {
    this.subscriptions.clear();
  }

  /** Once per change to authorised, and at once when that is so already. */
  onAuthSuccess(callback: Answer): void {
    this.onAnswer(true, callback);
  }

  /** Once per change to not authorised, and at once when that is so already. The name is the old one. */
  onAuthFalill(callback: Answer): void {
    this.onAnswer(false, callback);
  }

  /** undefined before the first answer. */
  isAuthorized(): boolean | undefined {
    return this.client?.authorized;
  }

  getUserId(): number | string | undefined {
    return this.options.user_id;
  }

  getUserKey(): string | undefined {
    return this.options.user_key;
  }

  getDevId(): number | string | undefined {
    return this.options.dev_id;
  }

  /** 32 characters, kept by the browser. */
  getUUID(): string {
    this.uuid ??= deviceId(deviceStorage());
    return this.uuid;
  }

  /** 0 is silent, 1 logs changes of the connection, 2 also that messages came. */
  setLogLevel(level: number): void {
    this.logLevel = level;
  }

  /** Whether the next `start` or `restart` uses TLS. */
  UseWss(wss: boolean): void {
    this.options = { ...this.options, wss };
  }

  private onAnswer(wanted: boolean, callback: Answer): void {
    this.answers[`${wanted}`].push(callback);
    if (this.isAuthorized() === wanted) run(callback, wanted);
  }

  private deliver(message: Message): void {
    this.log(2, `message ${message.id}`, message.event);
    const old = toOld(message);
    for (const [id, { event, callback }] of [...this.subscriptions])
      if (this.subscriptions.has(id) && (event === undefined || event === message.event))
        run(callback, old);
  }

  private log(level: number, text: string, detail: unknown): void {
    if (this.logLevel >= level) console.info(`CometServer ${text}`, detail);
  }
}

export type { CometFace };

let face: CometFace | undefined;
const single = (): CometFace => {
  face ??= new CometFace();
  return face;
};

/** The one face of a page: `CometServer()` and `new CometServer()` give the same. */
export const CometServer = function CometServer() {
  return single();
} as unknown as { (): CometFace; new (): CometFace };
