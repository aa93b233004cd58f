/**
 * The command connection. Everything asked for in one turn of the event loop travels in one pipelined round trip a
 * Redis node. When Redis is away a command fails within its timeout as RedisUnavailable; nothing is ever sent twice.
 */
import { performance } from 'node:perf_hooks';
import calculateSlot from 'cluster-key-slot';
import { Cluster, Command, type Redis } from 'ioredis';
import type { RedisConfig } from './config.ts';
import { type Client, openCommands } from './connection.ts';
import { Deadlines, TIMEOUT } from './deadline.ts';
import { type Argument, ScriptCall } from './script-call.ts';
import { type Script, scripts } from './scripts.ts';

/** Redis could not carry out a command. `stored` says whether it may have taken effect all the same. */
export class RedisUnavailable extends Error {
  readonly stored: 'no' | 'unknown';
  constructor(stored: 'no' | 'unknown', cause: string) {
    super(`Redis is away: ${cause}`);
    this.name = 'RedisUnavailable';
    this.stored = stored;
  }
}

/** What may be sent a second time when Redis did not know the script. */
class Call {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];

  constructor(script: Script, keys: readonly string[], args: readonly Argument[]) {
    this.script = script;
    this.keys = keys;
    this.args = args;
  }

  make(): ScriptCall {
    return new ScriptCall(this.script, this.keys, this.args);
  }
}

interface Order {
  readonly slot: number;
  /** A script, else `words`. */
  readonly call: Call | undefined;
  readonly words: readonly Argument[];
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

const all = Object.values(scripts);

/** A word for why a connection failed. Never more of the text: it may hold what was sent. */
function wordOf(error: unknown): string | undefined {
  const { code, message, lastNodeError } = error as NodeJS.ErrnoException & {
    lastNodeError?: unknown;
  };
  if (lastNodeError) return wordOf(lastNodeError);
  // Sentinel: `All sentinels are unreachable. … Last error: NOAUTH …`
  return code ?? /(?:^|Last error: )([A-Z]{3,})\b/.exec(message)?.[1];
}

export class Commands {
  readonly client: Client;
  readonly deadlines: Deadlines;
  /** Called with the seconds of every round trip. */
  onRoundTrip: (seconds: number) => void = () => {};
  readonly #timeout: number;
  #orders: Order[] = [];
  #scheduled = false;
  #loaded = false;
  /** Connections to masters of a Cluster that have been sent the scripts: ahead of all else, so that none overtakes another. */
  readonly #told = new WeakSet<Redis>();
  /** A command timed out and none was answered since: fail at once instead of piling up. */
  #stalled = false;
  #probe: NodeJS.Timeout | undefined;
  #why: string | undefined;
  #closed = false;

  /** `timeout`: milliseconds until an answer counts as missing. */
  constructor(config: RedisConfig, timeout = TIMEOUT) {
    this.#timeout = timeout;
    this.deadlines = new Deadlines(timeout);
    this.client = openCommands(config);
    this.client.on('ready', () => void this.#load());
    this.client.on('close', () => {
      this.#loaded = false;
    });
    // Every failure surfaces in the command that met it; `unready` tells the state.
    this.client.on('error', (error) => {
      this.#why = wordOf(error) ?? this.#why;
    });
  }

  /** Whether the keys of one command must share a slot. */
  get clustered(): boolean {
    return this.client instanceof Cluster;
  }

  /** Resolves when Redis answers, or after the timeout: a process starts also while Redis is away. */
  async connected(): Promise<void> {
    const deadline = performance.now() + this.#timeout;
    while (!this.available() && performance.now() < deadline && !this.#closed) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  available(): boolean {
    return this.client.status === 'ready' && this.#loaded && !this.#stalled;
  }

  /** undefined: available; else why not. */
  unready(): string | undefined {
    if (this.available()) return undefined;
    return this.#why === undefined ? 'Redis is away' : `Redis is away: ${this.#why}`;
  }

  /** Before the first command: scripts that are loaded one by one would overtake each other. */
  async #load(): Promise<void> {
    const nodes = this.client instanceof Cluster ? this.client.nodes('master') : [this.client];
    for (const node of nodes) this.#told.add(node);
    await Promise.allSettled(
      nodes.flatMap((node) => all.map((script) => node.script('LOAD', script.text))),
    );
    const sentAt = Date.now();
    const [first] = nodes;
    const time = await first?.time().catch(() => undefined);
    if (time) this.deadlines.start(Number(time[0]) * 1000 + Number(time[1]) / 1000, sentAt);
    this.#loaded = this.client.status === 'ready';
    if (this.#loaded) this.#why = undefined;
  }

  /** Runs a script; `keys` share one hash tag. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.#order(keys[0] as string, new Call(script, keys, args), []);
  }

  /** Any other command; the second word is its key or channel. */
  send(words: readonly [name: string, key: string, ...rest: Argument[]]): Promise<unknown> {
    return this.#order(words[1], undefined, words);
  }

  #order(key: string, call: Call | undefined, words: readonly Argument[]): Promise<unknown> {
    if (!this.available()) {
      const why = this.#stalled ? 'it does not answer' : 'not connected';
      return Promise.reject(new RedisUnavailable('no', why));
    }
    const slot = this.client instanceof Cluster ? calculateSlot(key) : 0;
    return new Promise((resolve, reject) => {
      this.#orders.push({ slot, call, words, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(this.#flush);
    });
  }

  #flush = (): void => {
    this.#scheduled = false;
    const orders = this.#orders;
    this.#orders = [];
    const { client } = this;
    if (!(client instanceof Cluster)) {
      this.#exchange(client, orders);
      return;
    }
    const masters = new Map(client.nodes('master').map((one) => [addressOf(one), one]));
    const groups = new Map<Redis, Order[]>();
    for (const order of orders) {
      const master = masters.get(client.slots[order.slot]?.[0] ?? '');
      const group = master && groups.get(master);
      if (group) group.push(order);
      else if (master) groups.set(master, [order]);
      else this.#alone(order);
    }
    for (const [master, group] of groups) {
      const known = this.#told.has(master);
      this.#told.add(master);
      this.#exchange(master, group, !known);
    }
  };

  /** `load`: Redis may not know the scripts (it was flushed, or is a new master); they go ahead. */
  #exchange(redis: Redis, orders: readonly Order[], load = false): void {
    const ahead = load ? all.map((script) => new Command('script', ['LOAD', script.text])) : [];
    const started = performance.now();
    const call = this.#timed(sendTogether(redis, [...ahead, ...orders.map(commandOf)]), () => {
      for (const order of orders)
        order.reject(new RedisUnavailable('unknown', 'no answer in time'));
    });
    void call.then((replies) => {
      this.onRoundTrip((performance.now() - started) / 1000);
      this.#settle(redis, orders, replies.slice(ahead.length), load);
    });
  }

  #settle(
    redis: Redis,
    orders: readonly Order[],
    replies: readonly PromiseSettledResult<unknown>[],
    loaded: boolean,
  ): void {
    const unknown: Order[] = [];
    for (const [i, order] of orders.entries()) {
      const reply = replies[i];
      if (reply?.status === 'fulfilled') {
        order.resolve(reply.value);
        continue;
      }
      const error = reply?.reason as Error;
      if (error.message.startsWith('NOSCRIPT') && !loaded) unknown.push(order);
      else if (/^(MOVED|ASK|TRYAGAIN|NOSCRIPT)/.test(error.message)) this.#alone(order);
      else order.reject(unavailable(error));
    }
    if (unknown.length > 0) this.#exchange(redis, unknown, true);
  }

  /** Not carried out: the slot has moved. Sent alone, with its text, the client follows redirections. */
  #alone(order: Order): void {
    const { call, words } = order;
    const [name, ...rest] = call
      ? ['eval', call.script.text, call.keys.length, ...call.keys, ...call.args]
      : words;
    const late = (): void => order.reject(new RedisUnavailable('unknown', 'no answer in time'));
    this.#timed(this.client.call(name as string, ...rest), late).then(
      order.resolve,
      (error: Error) => order.reject(unavailable(error)),
    );
  }

  /** Calls `late` when nothing came in time. What came after that is passed on all the same, and finds all settled. */
  #timed<T>(answer: Promise<T>, late: () => void): Promise<T> {
    let answered = false;
    const timer = setTimeout(() => {
      // When this process itself stood still, the answer may lie in the socket: it is read first.
      setImmediate(() =>
        setImmediate(() => {
          if (answered) return;
          this.#stall();
          late();
        }),
      );
    }, this.#timeout);
    const done = (): void => {
      answered = true;
      clearTimeout(timer);
    };
    answer.then(done, done);
    return answer;
  }

  #stall(): void {
    if (this.#stalled || this.#closed || this.client instanceof Cluster) return;
    this.#stalled = true;
    const probe = (): void => {
      this.#probe = setTimeout(probe, 250);
      if (this.client.status !== 'ready') {
        this.#recover();
        return;
      }
      this.client.call('ping').then(
        () => this.#recover(),
        () => {},
      );
    };
    probe();
  }

  #recover(): void {
    this.#stalled = false;
    clearTimeout(this.#probe);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#probe);
    this.client.disconnect();
  }
}

const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

function commandOf({ call, words }: Order): Command {
  if (call) return call.make();
  const [name = '', ...args] = words;
  return new Command(String(name), args, { replyEncoding: 'utf8' });
}

/**
 * Sends commands in one write. Not by the client's own pipeline: making one copies some seven hundred functions, which
 * cost as much to collect as all the rest.
 */
function sendTogether(
  redis: Redis,
  commands: readonly Command[],
): Promise<PromiseSettledResult<unknown>[]> {
  const { stream } = redis;
  stream?.cork();
  try {
    return Promise.allSettled(commands.map((command) => redis.sendCommand(command)));
  } finally {
    stream?.uncork();
  }
}

/**
 * What a script met in one entry of many. Redis itself may have refused the write: no memory left, a replica, a disk that is
 * full, too few replicas.
 */
export function entryFault(script: string, text: string): Error {
  const [code = ''] = text.split(' ');
  return /^(OOM|READONLY|MISCONF|NOREPLICAS|MASTERDOWN)$/.test(code)
    ? new RedisUnavailable('no', code)
    : new Error(`${script}: ${text}`);
}

/** A connection that broke leaves open what happened; an error that Redis itself answered means: not carried out. */
function unavailable(error: Error): Error {
  if (error instanceof RedisUnavailable) return error;
  if (error.name === 'ReplyError') {
    // A fault in a script of ours is a bug, not an outage.
    return error.message.startsWith('ERR')
      ? error
      : new RedisUnavailable('no', error.message.split(' ')[0] ?? '');
  }
  const sent = !error.message.includes("isn't writeable");
  return new RedisUnavailable(sent ? 'unknown' : 'no', sent ? 'connection lost' : 'not connected');
}
