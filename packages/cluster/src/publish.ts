/**
 * Publishing to channels. All messages of one turn of the event loop leave in one pipelined round trip, in few script
 * calls: one for many channels, or in a Cluster one a partition.
 */
import { type App, type Channel, messageId, newEpoch, type Position } from '@encke/protocol';
import { packChannelMessage, type Sender } from './channel-message.ts';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { type ChannelKeys, channelTarget } from './keys.ts';
import type { Argument } from './script-call.ts';
import { scripts } from './scripts.ts';
import { Turn } from './turn.ts';
import { entryFault } from './unavailable.ts';

export interface Publish {
  readonly app: App;
  readonly channel: Channel;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
  /** A browser published; absent: an application server. */
  readonly from?: Sender;
}

export interface Published {
  readonly id: string;
  /** Sessions told, the sender not counted. */
  readonly subscribers: number;
  /** Only when the channel keeps a history. */
  readonly position?: Position;
}

interface Pending {
  readonly id: string;
  readonly message: Publish;
  readonly name: string;
  readonly keys: ChannelKeys;
  readonly resolve: (answer: Published) => void;
  readonly reject: (error: unknown) => void;
}

export class Publisher {
  readonly #context: Context;
  /** What the ids of this process begin with. */
  readonly #series = newEpoch();
  #count = 0;
  readonly #turn: Turn<Pending>;

  constructor(context: Context) {
    this.#context = context;
    this.#turn = new Turn(context, (group) => this.#send(group));
  }

  publish(message: Publish): Promise<Published> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      const id = messageId(this.#series, this.#count);
      const name = channelTarget(message.app, message.channel);
      const keys = this.#context.keys.channel(name);
      this.#turn.add({ id, message, name, keys, resolve, reject });
    });
  }

  #send(group: readonly Pending[]): void {
    // A gateway listens on the bus channels of all partitions, so any of them takes the lines of this call.
    const partition = group[0]?.keys.partition ?? 0;
    const names: string[] = [];
    const args: Argument[] = [this.#context.keys.bus(partition)];
    for (const { id, message, name, keys } of group) {
      names.push(keys.route, keys.members, keys.record, keys.history);
      const { event, data, from } = message;
      args.push(name, packChannelMessage(id, event, data, from), from?.session ?? '');
    }
    runGuarded(this.#context, scripts.publish, partition, names, args).then(
      (values) => this.#answer(group, values),
      (error: unknown) => {
        for (const pending of group) pending.reject(error);
      },
    );
  }

  #answer(group: readonly Pending[], [, text]: (string | number)[]): void {
    const { stats } = this.#context;
    const lines = String(text).split('\n');
    for (const [i, { id, resolve, reject }] of group.entries()) {
      const line = lines[i] ?? '- no answer';
      if (line.startsWith('- ')) {
        reject(entryFault('publish', line.slice(2)));
        continue;
      }
      const [told, epoch, seq] = line.split(' ');
      const subscribers = Number(told);
      stats.published += 1;
      stats.publishedTold += subscribers;
      const position = epoch !== undefined && { position: { epoch, seq: Number(seq) } };
      resolve({ id, subscribers, ...position });
    }
  }
}
