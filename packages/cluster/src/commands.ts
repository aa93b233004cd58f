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
import { Call, commandOf, type Order, sendTogether } from './order.ts';
import type { Argument } from './script-call.ts';
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

/** Times that an order is sent again: two nodes may each take the other for the owner of a slot. */
const RETURNS = 5;

/** What has to wait until another order of its slot, which Redis did not carry out, was sent again. */
interface Gate {
  /** Was sent again. */
  readonly first: Order | undefined;
  /** Came back as well, in their order. */
  readonly back: Order[];
  /** Given since then. */
  readonly fresh: Order[];
}

interface Way {
  readonly to: Redis;
  readonly answered: Promise<boolean>;
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
  /** By slot. */
  readonly #gates = new Map<number, Gate>();
  /** By slot: where its last orders went, until they are answered. The client may hear of another owner meanwhile. */
  readonly #ways = new Map<number, Way>();
  /** Of what was sent last to each: resolves when it, and so all before it, is answered. */
  readonly #last = new WeakMap<Redis, Promise<boolean>>();
  /** An order is on its way to a master of a Cluster that was not known. */
  #meeting: Promise<boolean> | undefined;
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
      this.#orders.push({ slot, call, words, returns: 0, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(this.#flush);
    });
  }

  #flush = (): void => {
    this.#scheduled = false;
    const orders = this.#orders;
    this.#orders = [];
    const free = orders.filter(({ slot }) => !this.#gates.has(slot));
    if (free.length < orders.length)
      for (const order of orders) this.#gates.get(order.slot)?.fresh.push(order);
    this.#dispatch(free);
  };

  #dispatch(orders: readonly Order[]): void {
    const { client } = this;
    if (!(client instanceof Cluster)) {
      this.#exchange(client, orders);
      return;
    }
    // All: one that was just promoted may still be held for a replica.
    const nodes = new Map(client.nodes('all').map((one) => [addressOf(one), one]));
    const groups = new Map<Redis, Order[]>();
    for (const order of orders) {
      const { slot } = order;
      const master = nodes.get(client.slots[slot]?.[0] ?? '');
      const way = this.#ways.get(slot);
      const gate = this.#gates.get(slot);
      const group = master && groups.get(master);
      if (gate) gate.fresh.push(order);
      // It could overtake what is on its way to another, and may come back from there.
      else if (way && way.to !== master)
        this.#close(
          slot,
          undefined,
          way.answered.then(() => true),
        ).fresh.push(order);
      else if (group) group.push(order);
      else if (master) groups.set(master, [order]);
      else this.#again(order, () => this.#alone(order));
    }
    for (const [master, group] of groups) this.#send(master, group);
  }

  #send(to: Redis, orders: readonly Order[]): void {
    const way: Way = { to, answered: this.#exchange(to, orders) };
    for (const { slot } of orders) this.#ways.set(slot, way);
    void way.answered.then(() => {
      for (const { slot } of orders) if (this.#ways.get(slot) === way) this.#ways.delete(slot);
    });
  }

  /** `load`: Redis has forgotten the scripts; they go ahead. @returns false when no answer came in time. */
  #exchange(redis: Redis, orders: readonly Order[], forgotten = false): Promise<boolean> {
    const load = forgotten || (this.clustered && !this.#told.has(redis));
    this.#told.add(redis);
    const ahead = load ? all.map((script) => new Command('script', ['LOAD', script.text])) : [];
    const started = performance.now();
    const answered = this.#timed(
      orders,
      sendTogether(redis, [...ahead, ...orders.map(commandOf)]).then((replies) => {
        this.onRoundTrip((performance.now() - started) / 1000);
        this.#settle(redis, orders, replies.slice(ahead.length));
      }),
    );
    this.#last.set(redis, answered);
    return answered;
  }

  #settle(
    redis: Redis,
    orders: readonly Order[],
    replies: readonly PromiseSettledResult<unknown>[],
  ): void {
    for (const [i, order] of orders.entries()) {
      const reply = replies[i];
      if (reply?.status === 'fulfilled') {
        order.resolve(reply.value);
        continue;
      }
      const error = reply?.reason as Error;
      const [code = '', , owner = ''] = error.message.split(' ');
      if (/^(MOVED|NOSCRIPT|ASK|TRYAGAIN)$/.test(code)) order.returns += 1;
      const { client } = this;
      if (order.returns > RETURNS) order.reject(unavailable(error));
      else if (code === 'NOSCRIPT') this.#again(order, () => this.#exchange(redis, [order], true));
      else if (!(client instanceof Cluster)) order.reject(unavailable(error));
      else if (code === 'MOVED')
        this.#again(order, () => this.#follow(client, order, owner), this.#last.get(redis));
      // While a slot moves, only some of its orders meet this: others need not wait.
      else if (code === 'ASK' || code === 'TRYAGAIN') void this.#alone(order);
      else order.reject(unavailable(error));
    }
  }

  /**
   * Sends what was not carried out once more. What came back from the same slot, and what is asked of it now, waits until
   * that is answered, and until all has come back that is still on its way to where it was: `rest`.
   */
  #again(order: Order, send: () => Promise<boolean>, rest?: Promise<boolean>): void {
    const { slot } = order;
    const closed = this.#gates.get(slot);
    if (closed) {
      // What was sent again may come back once more: it stays ahead of the others.
      if (order === closed.first) closed.back.unshift(order);
      else closed.back.push(order);
      return;
    }
    const sent = send();
    this.#close(
      slot,
      order,
      Promise.all([sent, rest]).then(() => sent),
    );
  }

  #close(slot: number, first: Order | undefined, answered: Promise<boolean>): Gate {
    const gate: Gate = { first, back: [], fresh: [] };
    this.#gates.set(slot, gate);
    void answered.then((inTime) => {
      this.#gates.delete(slot);
      const waiting = [...gate.back, ...gate.fresh];
      if (inTime) this.#dispatch(waiting);
      else for (const one of waiting) one.reject(new RedisUnavailable('no', 'no answer in time'));
    });
    return gate;
  }

  /** To `owner`, which has the slot now. Where it is not known yet, one order introduces it, and the others wait. */
  async #follow(client: Cluster, order: Order, owner: string): Promise<boolean> {
    const find = () => client.nodes('all').find((one) => addressOf(one) === owner);
    if (!find()) {
      if (this.#meeting === undefined) {
        this.#meeting = this.#alone(order);
        const answered = await this.#meeting;
        this.#meeting = undefined;
        return answered;
      }
      await this.#meeting;
    }
    const node = find();
    if (node === undefined) return this.#alone(order);
    client.slots[order.slot] = [owner];
    // The bus, too, has to know where all of them are now.
    client.refreshSlotsCache();
    return this.#exchange(node, [order]);
  }

  /** Sent alone, with its text, the client follows redirections. @returns false when no answer came in time. */
  #alone(order: Order): Promise<boolean> {
    const { call, words } = order;
    const [name, ...rest] = call
      ? ['eval', call.script.text, call.keys.length, ...call.keys, ...call.args]
      : words;
    return this.#timed(
      [order],
      this.client
        .call(name as string, ...rest)
        .then(order.resolve, (error: Error) => order.reject(unavailable(error))),
    );
  }

  /**
   * Gives `orders` up when `answered` does not come in time. What comes after that is passed on all the same, and finds
   * all settled. @returns false when it was late.
   */
  #timed(orders: readonly Order[], answered: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      let pending = true;
      const timer = setTimeout(() => {
        // When this process itself stood still, the answer may lie in the socket: it is read first.
        setImmediate(() =>
          setImmediate(() => {
            if (!pending) return;
            this.#stall();
            for (const order of orders)
              order.reject(new RedisUnavailable('unknown', 'no answer in time'));
            resolve(false);
          }),
        );
      }, this.#timeout);
      void answered.then(() => {
        pending = false;
        clearTimeout(timer);
        resolve(true);
      });
    });
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

/** What the client says of a command that Redis sent back again and again. */
const SENT_BACK = /^Too many Cluster redirections\..* ReplyError: ([A-Z]+)/;

/** A connection that broke leaves open what happened; an error that Redis itself answered means: not carried out. */
function unavailable(error: Error): Error {
  if (error instanceof RedisUnavailable) return error;
  if (error.name === 'ReplyError') {
    // A fault in a script of ours is a bug, not an outage.
    return error.message.startsWith('ERR')
      ? error
      : new RedisUnavailable('no', error.message.split(' ')[0] ?? '');
  }
  const [, code] = SENT_BACK.exec(error.message) ?? [];
  if (code !== undefined) return new RedisUnavailable('no', code);
  const sent = !error.message.includes("isn't writeable");
  return new RedisUnavailable(sent ? 'unknown' : 'no', sent ? 'connection lost' : 'not connected');
}
