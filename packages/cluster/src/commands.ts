/**
 * The command connection, and whether Redis is there. Everything asked for in one turn of the event loop travels together.
 * When Redis is away a command fails within its timeout as RedisUnavailable; nothing is ever carried out twice.
 */
import { performance } from 'node:perf_hooks';
import calculateSlot from 'cluster-key-slot';
import { Cluster } from 'ioredis';
import { Carrier } from './carrier.ts';
import { steadyNow } from './clock.ts';
import type { RedisConfig } from './config.ts';
import { type Client, openCommands } from './connection.ts';
import { Deadlines, TIMEOUT } from './deadline.ts';
import { Call, type Guard, type Order } from './order.ts';
import type { Argument } from './script-call.ts';
import type { Script } from './scripts.ts';
import { away, RedisUnavailable, wordOf } from './unavailable.ts';

export class Commands {
  readonly client: Client;
  readonly deadlines: Deadlines;
  readonly #timeout: number;
  readonly #carrier: Carrier;
  #orders: Order[] = [];
  #scheduled = false;
  #loaded = false;
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
    this.#carrier = new Carrier(this.client, timeout, () => this.#stall());
    this.client.on('ready', () => void this.#load());
    this.client.on('close', () => {
      this.#loaded = false;
    });
    // Every failure surfaces in the command that met it; `unready` tells the state.
    this.client.on('error', (error) => {
      this.#why = wordOf(error) ?? this.#why;
    });
  }

  /** Called with the seconds of every round trip. */
  set onRoundTrip(observe: (seconds: number) => void) {
    this.#carrier.onRoundTrip = observe;
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
    return away(this.#why);
  }

  async #load(): Promise<void> {
    const nodes = this.client instanceof Cluster ? this.client.nodes('master') : [this.client];
    await this.#carrier.load(nodes);
    const sentAt = steadyNow();
    const [first] = nodes;
    const time = await first?.time().catch(() => undefined);
    if (time) this.deadlines.start(Number(time[0]) * 1000 + Number(time[1]) / 1000, sentAt);
    this.#loaded = this.client.status === 'ready';
    if (this.#loaded) this.#why = undefined;
  }

  /** Runs a script; `keys` share one hash tag. */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    guard?: Guard,
  ): Promise<unknown> {
    return this.#order(keys[0] as string, new Call(script, keys, args, guard), []);
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
    this.#carrier.carry(orders);
  };

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
