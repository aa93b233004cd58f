import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { type Api, ApiError, type Sent } from '@encke/testing';

interface Order {
  readonly user: number;
  readonly data: unknown;
  readonly event?: string;
}

let ledgers = 0;

/** Sends as a careful application server does, and writes down what ingest accepted. */
export class Ledger {
  /** 503 answers and lost connections that were tried again. */
  retries = 0;
  accepted = 0;
  #api: Api;
  #keys = 0;
  /** A second ledger for the same people must not repeat the keys of the first. */
  readonly #number: number;
  #sent = new Map<number, Map<number, string>>();

  constructor(api: Api) {
    this.#api = api;
    ledgers += 1;
    this.#number = ledgers;
  }

  #note(user: number, { id, seq }: Sent): void {
    const ids = this.#sent.get(user) ?? new Map<number, string>();
    this.#sent.set(user, ids);
    assert.equal(ids.get(seq), undefined, `user ${user}: two messages were given seq ${seq}`);
    ids.set(seq, id);
    this.accepted += 1;
  }

  #key(): string {
    this.#keys += 1;
    return `order-${this.#number}-${this.#keys}`;
  }

  /** Repeats with the same key until it is accepted, for at most a minute. */
  async #persist<T>(attempt: () => Promise<T>): Promise<T> {
    const end = performance.now() + 60_000;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        const final = error instanceof ApiError ? error.status !== 503 : !isNetwork(error);
        if (final || performance.now() > end) throw error;
        this.retries += 1;
        await pause(100);
      }
    }
  }

  async send({ user, data, event }: Order): Promise<Sent> {
    const idempotencyKey = this.#key();
    const more = { idempotencyKey, ...(event !== undefined && { event }) };
    const sent = await this.#persist(() => this.#api.send(user, data, more));
    this.#note(user, sent);
    return sent;
  }

  /** One batch; items that met a 503 are sent again, in their order. */
  async sendMany(orders: readonly Order[]): Promise<void> {
    let left = orders.map((order) => ({ ...order, idempotencyKey: this.#key() }));
    while (left.length > 0) {
      const batch = left;
      const results = await this.#persist(() => this.#api.sendMany(batch));
      assert.equal(results.length, batch.length);
      left = batch.filter((item, i) => {
        const result = results[i];
        if (result?.error === undefined && result !== undefined) this.#note(item.user, result);
        else assert.equal(result?.error?.status, 503, JSON.stringify(result));
        return result?.error !== undefined;
      });
      if (left.length > 0) this.retries += 1;
    }
  }

  /** Ids by user, in seq order. */
  expected(): Map<number, string[]> {
    const all = new Map<number, string[]>();
    for (const [user, ids] of this.#sent) {
      const seqs = [...ids.keys()].sort((a, b) => a - b);
      all.set(
        user,
        seqs.map((seq) => ids.get(seq) ?? ''),
      );
    }
    return all;
  }

  /** What went wrong would be an accepted message that has no seq of its own, or a seq that nobody was told of. */
  checkGapless(): void {
    for (const [user, ids] of this.#sent) {
      const seqs = [...ids.keys()];
      const span = Math.max(...seqs) - Math.min(...seqs) + 1;
      assert.equal(span, seqs.length, `user ${user}: the seqs of accepted messages have a gap`);
    }
  }
}

/** The connection was refused or reset. */
const isNetwork = (error: unknown): boolean =>
  error instanceof TypeError && error.message.startsWith('fetch failed');
