import { type Client, createClient } from './client.ts';
import { deviceId, newDevice } from './device.ts';
import { Emitter, run } from './emitter.ts';
import type { Member } from './events.ts';
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
    /** `msg` for private messages, else the channel. */
    readonly pipe: string;
    readonly event: string;
    /** Only when a browser published it; 0 when it is anonymous or hid itself. */
    readonly user_id?: number | undefined;
    /** Whether it is an answer to `get_pipe_log`. */
    readonly history: boolean;
    /** Of an answer to a question. */
    readonly marker: string | undefined;
    /** The message's id. */
    readonly uuid: string | undefined;
  };
}

type Callback = (message: CometMessage) => unknown;
type Answer = (authorized: boolean) => unknown;
type Info = Partial<CometMessage['server_info']>;

interface Subscription {
  readonly pipe: string | undefined;
  readonly event: string | undefined;
  /** Whether the server is to send it: not with `#`, and private messages and answers come by themselves. */
  readonly remote: boolean;
  readonly callback: Callback;
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}

function toOld(pipe: string, event: string, data: unknown, info?: Info): CometMessage {
  const server_info = { history: false, marker: undefined, uuid: undefined, ...info, pipe, event };
  return { data: parsed(data), server_info };
}

const toOldMember = ({ user, device }: Member) => ({ user_id: user, uuid: device });

function address(node: string, wss: boolean | undefined): string {
  if (node.includes('://')) return node;
  const page = globalThis.location?.protocol === 'https:';
  return `${(wss ?? page) ? 'wss' : 'ws'}://${node}`;
}

/** The face of `CometServerApi.js` on top of this client, for pages that were written for it. */
class CometFace {
  private options: CometOptions = {};
  private client: Client | undefined;
  private uuid: string | undefined;
  private logLevel = 0;
  private lastId = 0;
  private readonly subscriptions = new Map<number, Subscription>();
  /** What is called before `start`. */
  private early: ((client: Client) => void)[] = [];
  /** The channels that this client is subscribed to, and how to end that. */
  private readonly followed = new Map<string, AbortController>();
  private readonly tabUuid = newDevice();
  private readonly answers = new Emitter<{ true: boolean; false: boolean }>();

  /** Connects. While connected or on the way to it: does nothing without options, and restarts with them. */
  start(options?: CometOptions): void {
    if (this.open && !options) return;
    this.restart(options);
  }

  /** Connects anew; options that are not given stay as they were. Throws a TypeError for a bad number, key or address. */
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
    client.on('message', ({ event, data, id }) => this.deliver('msg', event, data, { uuid: id }));
    client.onAuth((authorized) => this.answers.emit(`${authorized}`, authorized));
    this.follow();
    for (const call of this.early.splice(0)) call(client);
  }

  stop(): void {
    this.client?.close();
    this.client = undefined;
    this.followed.clear();
  }

  /**
   * `"msg"`, `"msg.event"`: private messages; `"channel"`, `"channel.event"`: a channel, which is subscribed to; `"#channel"`:
   * what comes of a channel without subscribing to it; only a callback: everything. Returns the id for `unsubscription`.
   */
  subscription(callback: Callback): number;
  subscription(name: string, callback: Callback): number;
  subscription(name: string | Callback, callback?: Callback): number {
    const called = typeof name === 'string' ? callback : name;
    if (typeof called !== 'function')
      throw new TypeError('subscription: the callback must be a function');
    // An answer to a publish is named after its channel, which may be as long as a name can be.
    const form = /^(#?)((?:_answer_to_)?[\w-]{2,64})(?:\.([\w-]*))?$/;
    const parts = typeof name === 'string' ? form.exec(name) : ['', '#'];
    if (!parts)
      throw new TypeError('subscription: the name must be 2 to 64 characters of A-Z a-z 0-9 _ -');
    const [, hash, pipe = '', event] = parts;
    // Nobody can publish to a channel of two characters, and answers come by themselves.
    const remote = !hash && pipe !== 'msg' && pipe.length > 2 && !pipe.startsWith('_answer');
    this.lastId += 1;
    this.subscriptions.set(this.lastId, {
      pipe: pipe || undefined,
      event,
      remote,
      callback: called,
    });
    this.follow();
    return this.lastId;
  }

  /** Whether there was one with this id. */
  unsubscription(id: number): boolean {
    const known = this.subscriptions.delete(id);
    this.follow();
    return known;
  }

  unsubscriptionAll(): void {
    this.subscriptions.clear();
    this.follow();
  }

  /**
   * To a `web_` channel, or signed in to a `webauth_` channel; `@` before the name hides who sent it. How many were told comes to
   * a subscription of `_answer_to_<channel>`.
   */
  web_pipe_send(channel: string, event: string, message: unknown): void;
  web_pipe_send(channel: string, message: unknown): void;
  web_pipe_send(...[to, ...rest]: [channel: string, ...rest: unknown[]]): void {
    const [event, message] = rest.length > 1 ? [String(rest[0]), rest[1]] : ['', rest[0]];
    const hidden = to[0] === '@';
    const name = hidden ? to.slice(1) : to;
    this.call(async (client) => {
      const number_messages = await client.channel(name).publish(event, message, { hidden });
      this.deliver(`_answer_to_${name}`, 'answer', { message, number_messages });
    });
  }

  /** What the channel keeps comes to its subscriptions, and to the callback, marked as `history`. */
  get_pipe_log(channel: string, callback?: Callback): void {
    this.call(async (client) => {
      for (const { id, event, data, user = 0 } of await client.channel(channel).history()) {
        const info = { user_id: user, history: true, uuid: id };
        this.deliver(channel, event, data, info);
        if (callback) run(callback, toOld(channel, event, data, info));
      }
    });
  }

  /** `data.user_in_pipe`: how many connections are subscribed to a `web_` or `track_` channel. */
  count_users_in_pipe(channel: string, callback: Callback): void {
    this.question(callback, '_answer_pipe_count', 'user_in_pipe', async (client) => ({
      user_in_pipe: await client.channel(channel).count(),
    }));
  }

  /** `data`: `{user_id, uuid}` of each connection that is subscribed to a `track_` channel. */
  getTrackPipeUsers(channel: string, callback: Callback): void {
    this.question(callback, '_answer', 'answer', async (client) =>
      (await client.channel(channel).members()).map(toOldMember),
    );
  }

  /** `data.user_data`: what the application server made public about the user, as text. */
  getUserData(user: number | string, callback: Callback): void {
    this.question(callback, '_answer', 'answer', async (client) => {
      const data = (await client.userData(Number(user))) ?? '';
      const user_data = typeof data === 'string' ? data : JSON.stringify(data);
      return { user_data, user_id: Number(user) };
    });
  }

  /** Once per change to authorised, and at once when that is so already. */
  onAuthSuccess(callback: Answer): void {
    this.onAnswer(true, callback);
  }

  /** Once per change to not authorised, and at once when that is so already. The name is the old one. */
  onAuthFalill(callback: Answer): void {
    this.onAnswer(false, callback);
  }

  /** undefined before the first answer, and while stopped or closed. */
  isAuthorized(): boolean | undefined {
    return this.open?.authorized;
  }

  /** Whether this tab has the socket that the browser's tabs share. */
  isMaster(): boolean {
    return !!this.client?.holdsSocket;
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

  /** 32 characters, of this page alone. */
  getTabUUID(): string {
    return this.tabUuid;
  }

  /** 0 is silent, 1 logs changes of the connection, 2 also that messages came. */
  setLogLevel(level: number): void {
    this.logLevel = level;
  }

  /** Whether the next `start` or `restart` uses TLS. */
  UseWss(wss: boolean): void {
    this.options = { ...this.options, wss };
  }

  /** The server may have closed the client for good. */
  private get open(): Client | undefined {
    return this.client?.state.name === 'closed' ? undefined : this.client;
  }

  private onAnswer(wanted: boolean, callback: Answer): void {
    this.answers.on(`${wanted}`, callback);
    if (this.isAuthorized() === wanted) run(callback, wanted);
  }

  private call(task: (client: Client) => Promise<void>): void {
    const { client } = this;
    if (!client) this.early.push((started) => this.attempt(started, task));
    else this.attempt(client, task);
  }

  private attempt(client: Client, task: (client: Client) => Promise<void>): void {
    task(client).catch((error) => this.fail(error, { number_messages: -1 }));
  }

  private fail(error: Error, more: object): void {
    this.log(1, error.message, error);
    this.deliver('sys', 'error', { error: error.message, ...more });
  }

  private question(
    callback: Callback,
    pipe: string,
    event: string,
    ask: (client: Client) => Promise<unknown>,
  ): void {
    this.call(async (client) => {
      run(
        callback,
        toOld(pipe, event, await ask(client), { marker: Math.random().toString(36).slice(2) }),
      );
    });
  }

  /** Subscribes to the channels that are listened to, and to no others. */
  private follow(): void {
    const { client } = this;
    if (!client) return;
    const pipes = new Set<string>();
    for (const { remote, pipe } of this.subscriptions.values()) if (remote && pipe) pipes.add(pipe);
    for (const [pipe, end] of this.followed)
      if (!pipes.has(pipe)) {
        end.abort();
        this.followed.delete(pipe);
      }
    for (const pipe of pipes)
      if (!this.followed.has(pipe)) this.followed.set(pipe, this.listen(pipe, client));
  }

  private listen(pipe: string, client: Client): AbortController {
    const end = new AbortController();
    const channel = client.channel(pipe);
    const member = (event: string) => (one: Member) => this.deliver(pipe, event, toOldMember(one));
    channel.onMessage(
      ({ event, data, user, id, history }) =>
        this.deliver(pipe, event, data, { user_id: user, history, uuid: id }),
      end,
    );
    channel.onJoined(member('subscription'), end);
    channel.onLeft(member('unsubscription'), end);
    channel.listen(
      'presence',
      ({ online }) => {
        const event = online ? 'online' : 'offline';
        this.deliver(pipe, event, event);
      },
      end,
    );
    channel.listen(
      'refused',
      (error) => {
        // As the old server: who is not signed in is not told that a private_ channel was passed over.
        if (client.authorized || !pipe.startsWith('private_')) this.fail(error, { code: '403' });
      },
      end,
    );
    return end;
  }

  private deliver(pipe: string, event: string, data: unknown, info?: Info): void {
    this.log(2, `message ${info?.uuid ?? pipe}`, event);
    const old = toOld(pipe, event, data, info);
    for (const [id, wanted] of [...this.subscriptions])
      if (
        this.subscriptions.has(id) &&
        (wanted.pipe ?? pipe) === pipe &&
        (wanted.event ?? event) === event
      )
        run(wanted.callback, old);
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
