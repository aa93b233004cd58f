/**
 * The connections under the bus: one to the Redis, or in a Cluster one to every master that holds some of the channels.
 * A subscription never mends itself. When any part of it is lost the whole is lost, and is made anew by the bus: what
 * was published meanwhile is gone, and only a new beginning tells everybody so.
 */
import calculateSlot from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import type { RedisConfig } from './config.ts';
import type { Client } from './connection.ts';
import { openSubscriber } from './connection.ts';

/** Milliseconds until all channels must be subscribed. */
const TIMEOUT = 5_000;

export interface SubscriptionEvents {
  payload(payload: string): void;
  /** Once. */
  lost(why: string): void;
}

/** `host:port` of a master → the channels it holds; undefined: the Cluster is not complete. */
export function owners(
  commands: Client,
  channels: readonly string[],
): Map<string, string[]> | undefined {
  if (!(commands instanceof Cluster)) return new Map([['', [...channels]]]);
  const found = new Map<string, string[]>();
  for (const channel of channels) {
    const owner = commands.slots[calculateSlot(channel)]?.[0];
    if (owner === undefined) return undefined;
    const list = found.get(owner);
    if (list) list.push(channel);
    else found.set(owner, [channel]);
  }
  return found;
}

export class Subscription {
  readonly #owners: Map<string, string[]>;
  readonly #connections: Redis[] = [];
  readonly #events: SubscriptionEvents;
  #over = false;

  private constructor(parts: Map<string, string[]>, events: SubscriptionEvents) {
    this.#owners = parts;
    this.#events = events;
  }

  /** Resolves when every channel is subscribed. Rejects, with nothing left behind, when that fails. */
  static async open(
    config: RedisConfig,
    commands: Client,
    channels: readonly string[],
    events: SubscriptionEvents,
  ): Promise<Subscription> {
    const parts = owners(commands, channels);
    if (!parts) throw new Error('the Cluster is not complete');
    const subscription = new Subscription(parts, events);
    try {
      await subscription.#subscribe(config);
    } catch (error) {
      subscription.close();
      throw error;
    }
    return subscription;
  }

  async #subscribe(config: RedisConfig): Promise<void> {
    const calls: Promise<unknown>[] = [];
    for (const [owner, channels] of this.#owners) {
      const connection = openSubscriber(config, owner);
      this.#connections.push(connection);
      connection.on('error', () => {});
      connection.on('end', () => this.#lose('connection closed'));
      connection.on('sunsubscribe', () => this.#lose('a slot has moved'));
      connection.on('smessage', (_channel: string, payload: string) =>
        this.#events.payload(payload),
      );
      // In a Cluster the channels of one command must share a slot.
      if (owner === '') calls.push(connection.ssubscribe(...channels));
      else for (const channel of channels) calls.push(connection.ssubscribe(channel));
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error('no answer to subscribe')), TIMEOUT);
    });
    try {
      await Promise.race([Promise.all(calls), late]);
    } finally {
      clearTimeout(timer);
      for (const call of calls) call.catch(() => {});
    }
    if (this.#over) throw new Error('lost while subscribing');
  }

  /** One channel on every connection, another one each turn. */
  probes(turn: number): string[] {
    return [...this.#owners.values()].map((channels) => channels[turn % channels.length] as string);
  }

  /** Whether the channels now lie elsewhere. */
  moved(commands: Client): boolean {
    const now = owners(commands, [...this.#owners.values()].flat());
    if (!now) return false;
    for (const [owner, channels] of now) {
      if (this.#owners.get(owner)?.length !== channels.length) return true;
    }
    return false;
  }

  #lose(why: string): void {
    if (this.#over) return;
    this.close();
    this.#events.lost(why);
  }

  close(): void {
    this.#over = true;
    for (const connection of this.#connections) connection.disconnect();
  }
}
