/**
 * How orders get to Redis and back: those of one turn in one pipelined round trip a node. None overtakes another of its
 * slot, also when Redis sends them back: after a takeover, because it has forgotten the scripts, or because clocks differ.
 */
import { performance } from 'node:perf_hooks';
import { Cluster, Command, type Redis } from 'ioredis';
import type { Client } from './connection.ts';
import { commandOf, type Order, sendTogether } from './order.ts';
import { scripts } from './scripts.ts';
import { RedisUnavailable, unavailable } from './unavailable.ts';

const all = Object.values(scripts);

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

/** A round trip on its way. */
interface Way {
  readonly to: Redis;
  readonly answered: Promise<boolean>;
}

export class Carrier {
  /** Called with the seconds of every round trip. */
  onRoundTrip: (seconds: number) => void = () => {};
  readonly #client: Client;
  readonly #timeout: number;
  readonly #late: () => void;
  /** By slot. */
  readonly #gates = new Map<number, Gate>();
  /** By slot: where its last orders went, until they are answered. The client may hear of another owner meanwhile. */
  readonly #ways = new Map<number, Way>();
  /** An order is on its way to a master of a Cluster that was not known. */
  #meeting: Promise<boolean> | undefined;
  /** Connections to masters of a Cluster that have been sent the scripts: ahead of all else, so that none overtakes another. */
  readonly #told = new WeakSet<Redis>();

  /** `timeout`: milliseconds until an answer counts as missing; then `late` is called. */
  constructor(client: Client, timeout: number, late: () => void) {
    this.#client = client;
    this.#timeout = timeout;
    this.#late = late;
  }

  /** Before the first order: scripts that are loaded one by one would let orders overtake each other. */
  async load(nodes: readonly Redis[]): Promise<void> {
    for (const node of nodes) this.#told.add(node);
    await Promise.allSettled(
      nodes.flatMap((node) => all.map((script) => node.script('LOAD', script.text))),
    );
  }

  carry(orders: readonly Order[]): void {
    const [first] = orders;
    if (first === undefined) return;
    const client = this.#client;
    if (client instanceof Cluster) {
      this.#route(client, orders);
      return;
    }
    // One slot for all.
    const gate = this.#gates.get(first.slot);
    if (gate) gate.fresh.push(...orders);
    else void this.#exchange(client, orders);
  }

  #route(client: Cluster, orders: readonly Order[]): void {
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

  /** `forgotten`: Redis no longer knows the scripts; they go ahead. @returns false when no answer came in time. */
  #exchange(redis: Redis, orders: readonly Order[], forgotten = false): Promise<boolean> {
    const load = forgotten || (this.#client instanceof Cluster && !this.#told.has(redis));
    this.#told.add(redis);
    const ahead = load ? all.map((script) => new Command('script', ['LOAD', script.text])) : [];
    const started = performance.now();
    return this.#timed(
      orders,
      sendTogether(redis, [...ahead, ...orders.map(commandOf)]).then((replies) => {
        this.onRoundTrip((performance.now() - started) / 1000);
        this.#settle(redis, orders, replies.slice(ahead.length));
      }),
    );
  }

  #settle(
    redis: Redis,
    orders: readonly Order[],
    replies: readonly PromiseSettledResult<unknown>[],
  ): void {
    for (const [i, order] of orders.entries()) {
      const reply = replies[i];
      if (reply?.status === 'fulfilled') {
        this.#answer(order, reply.value, () => this.#exchange(redis, [order]));
        continue;
      }
      const error = reply?.reason as Error;
      const [code = '', , owner = ''] = error.message.split(' ');
      if (/^(MOVED|NOSCRIPT|ASK|TRYAGAIN)$/.test(code)) order.returns += 1;
      const client = this.#client;
      if (order.returns > RETURNS) order.reject(unavailable(error));
      else if (code === 'NOSCRIPT') this.#again(order, () => this.#exchange(redis, [order], true));
      else if (!(client instanceof Cluster)) order.reject(unavailable(error));
      else if (code === 'MOVED') this.#again(order, () => this.#follow(client, order, owner));
      // While a slot moves, only some of its orders meet this: others need not wait.
      else if (code === 'ASK' || code === 'TRYAGAIN') void this.#alone(order);
      else order.reject(unavailable(error));
    }
  }

  #answer(order: Order, reply: unknown, send: () => Promise<boolean>): void {
    if (order.call?.refused(reply)) this.#again(order, send);
    else order.resolve(reply);
  }

  /**
   * Sends what was not carried out once more. What came back from the same slot, and what is asked of it now, waits until
   * that is answered, and until all has come back that is still on its way to where it was.
   */
  #again(order: Order, send: () => Promise<boolean>): void {
    const { slot } = order;
    const closed = this.#gates.get(slot);
    if (closed) {
      // What was sent again may come back once more: it stays ahead of the others.
      if (order === closed.first) closed.back.unshift(order);
      else closed.back.push(order);
      return;
    }
    const rest = this.#ways.get(slot)?.answered;
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
      if (inTime) this.carry(waiting);
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
      ? ['eval', call.script.text, call.keys.length, ...call.keys, ...call.args()]
      : words;
    return this.#timed(
      [order],
      this.#client.call(name as string, ...rest).then(
        (reply) => this.#answer(order, reply, () => this.#alone(order)),
        (error: Error) => order.reject(unavailable(error)),
      ),
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
            this.#late();
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
}

const addressOf = ({ options }: Redis): string => `${options.host}:${options.port}`;
