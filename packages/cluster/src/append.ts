/**
 * Accepting messages. All appends of one turn of the event loop leave in one pipelined round trip, in few script calls:
 * one for many users, or in a Cluster one a partition.
 */
import { type App, messageId, newEpochs, type User } from '@encke/protocol';
import { ms, retention } from './config.ts';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { target, type UserKeys } from './keys.ts';
import type { Argument } from './script-call.ts';
import { scripts } from './scripts.ts';
import { Turn } from './turn.ts';
import { entryFault } from './unavailable.ts';

/** Milliseconds an idempotency key is remembered. */
const IDEMPOTENCY_LIFETIME = 3_600_000;

export interface Append {
  readonly app: App;
  readonly user: User;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
  /** Seconds; the offline TTL of the installation when absent. */
  readonly ttl?: number;
  readonly idempotencyKey?: string;
}

export interface Appended {
  readonly id: string;
  readonly seq: number;
  /** Sessions told at once. */
  readonly sessions: number;
  /** true when there were none: it waits in the inbox. */
  readonly queued: boolean;
}

interface Pending {
  readonly message: Append;
  readonly name: string;
  readonly keys: UserKeys;
  readonly resolve: (answer: Appended) => void;
  readonly reject: (error: unknown) => void;
}

export class Appender {
  readonly #context: Context;
  readonly #turn: Turn<Pending>;

  constructor(context: Context) {
    this.#context = context;
    this.#turn = new Turn(context, (group) => this.#store(group));
  }

  /**
   * Stores a message and tells the user's sessions.
   * @throws RedisUnavailable within the command timeout; `stored` says whether it may have been stored.
   */
  append(message: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const name = target(message.app, message.user);
      const keys = this.#context.keys.user(name);
      this.#turn.add({ message, name, keys, resolve, reject });
    });
  }

  #store(group: readonly Pending[]): void {
    const { config, keys } = this.#context;
    // A gateway listens on the channels of all partitions, so any of them takes the lines of this call.
    const partition = group[0]?.keys.partition ?? 0;
    const names: string[] = [];
    const idempotencyRecords: string[] = [];
    const keyed: number[] = [];
    const bodies: Argument[] = [];
    for (const [i, { message, name, keys: user }] of group.entries()) {
      const leaving = keys.leaving(user.partition);
      names.push(user.record, user.inbox, user.sessions, user.cursors, leaving);
      const ttl = (message.ttl ?? config.offlineTtl) * 1000;
      bodies.push(name, `${message.event} ${message.data}`, ttl);
      if (message.idempotencyKey === undefined) continue;
      keyed.push(i + 1);
      idempotencyRecords.push(user.idempotency(message.idempotencyKey));
    }
    const args: Argument[] = [
      config.inboxMax,
      keys.bus(partition),
      newEpochs(group.length),
      ms(config.resumeWindow),
      ms(config.offlineGrace),
      retention(config),
      IDEMPOTENCY_LIFETIME,
      keyed.join(' '),
      ...bodies,
    ];
    names.push(...idempotencyRecords);
    runGuarded(this.#context, scripts.append, partition, names, args).then(
      (values) => this.#answer(group, values),
      (error: unknown) => {
        for (const pending of group) pending.reject(error);
      },
    );
  }

  #answer(group: readonly Pending[], [, text]: (string | number)[]): void {
    const { stats } = this.#context;
    const lines = String(text).split('\n');
    for (const [i, pending] of group.entries()) {
      const line = lines[i] ?? '- no answer';
      if (line.startsWith('- ')) {
        pending.reject(entryFault('append', line.slice(2)));
        continue;
      }
      const [epoch = '', number, told, lost, expired, repeated] = line.split(' ');
      const [seq, sessions] = [Number(number), Number(told)];
      stats.overflowed += Number(lost);
      stats.expired += Number(expired);
      if (repeated === '1') {
        stats.repeated += 1;
      } else {
        stats.appended += 1;
        stats.told += sessions;
        if (sessions === 0) stats.queued += 1;
      }
      pending.resolve({ id: messageId(epoch, seq), seq, sessions, queued: sessions === 0 });
    }
  }
}
