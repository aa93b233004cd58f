/**
 * What a gateway tells Redis about the channels of its sockets. The gateway is the truth: counts are absolute, and a
 * report that was lost or came twice is healed by the next one.
 *
 * No two reports of one channel are ever under way at once, and after one whose answer is missing the next waits until
 * that one can no longer take effect. So an old report never comes after a newer one.
 */
import type { App, Channel, Node, Position, Session } from '@encke/protocol';
import { isTracked, sweepChannel } from './channel-sweep.ts';
import { type Member, packMember } from './channels.ts';
import type { Context } from './context.ts';
import { TIMEOUT } from './deadline.ts';
import { runGuarded } from './guarded.ts';
import { channelTarget } from './keys.ts';
import { listed } from './listed.ts';
import type { Argument } from './script-call.ts';
import { scripts } from './scripts.ts';
import { entryFault, RedisUnavailable } from './unavailable.ts';

/** Channels, and members, in one script call at most: Redis serves nobody else meanwhile. */
const CHANNELS = 64;
const MEMBERS = 500;

export interface SubscriptionChange {
  readonly app: App;
  readonly channel: Channel;
  /** Sockets of this node that are subscribed now; 0: the node need not be told of messages any more. */
  readonly count: number;
  /** Not announced yet. */
  readonly joined: readonly Member[];
  /** Announced before, and entered again because Redis may have lost them. */
  readonly kept: readonly Member[];
  readonly left: readonly Member[];
}

export interface Standing {
  /** Everything behind it comes over the bus; absent when the channel keeps no history. */
  readonly position?: Position;
  /** How many messages the channel keeps. */
  readonly length: number;
}

/** A change, or a share of a large one. */
interface Part {
  readonly name: string;
  readonly count: number;
  readonly joined: readonly Member[];
  readonly kept: readonly Member[];
  readonly left: readonly Member[];
  /** All sessions of this node in the channel, where the change names them all. */
  readonly whole: readonly Session[] | undefined;
  readonly resolve: (standing: Standing) => void;
  readonly reject: (error: unknown) => void;
}

const size = ({ joined, kept, left }: Part): number => joined.length + kept.length + left.length;

export class Subscriptions {
  readonly #context: Context;
  readonly #node: Node;
  /** By `app:channel`, in the order in which they were given. */
  readonly #waiting = new Map<string, Part[]>();
  /** Channels with a report under way. */
  readonly #busy = new Set<string>();
  #scheduled = false;

  constructor(context: Context, node: Node) {
    this.#context = context;
    this.#node = node;
  }

  /**
   * Resolves when Redis has it. Who is told that it failed reports again, with everything that was in it.
   * @throws RedisUnavailable
   */
  async report(change: SubscriptionChange): Promise<Standing> {
    const name = channelTarget(change.app, change.channel);
    const parts: Promise<Standing>[] = [];
    for (const share of shares(change)) {
      parts.push(new Promise((resolve, reject) => this.#add({ ...share, name, resolve, reject })));
    }
    const standings = await Promise.all(parts);
    return standings.at(-1) as Standing;
  }

  /** The channels, `app:channel`, in which Redis believes that this node has somebody. @throws RedisUnavailable */
  channels(): Promise<string[]> {
    const { keys } = this.#context;
    return listed(this.#context, (partition) => keys.nodeChannels(partition, this.#node));
  }

  #add(part: Part): void {
    const queue = this.#waiting.get(part.name);
    if (queue) queue.push(part);
    else this.#waiting.set(part.name, [part]);
    if (!this.#busy.has(part.name)) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flush);
  }

  #flush = (): void => {
    this.#scheduled = false;
    const { commands, keys } = this.#context;
    const open = new Map<number, Part[]>();
    const calls: Part[][] = [];
    for (const [name, queue] of this.#waiting) {
      if (this.#busy.has(name)) continue;
      const place = commands.clustered ? keys.channel(name).partition : 0;
      const call = roomFor(queue[0] as Part, open.get(place));
      if (call.length === 0) {
        open.set(place, call);
        calls.push(call);
      }
      // What does not fit goes when this call is answered, not beside it.
      while (queue.length > 0 && fits(queue[0] as Part, call)) call.push(queue.shift() as Part);
      if (queue.length === 0) this.#waiting.delete(name);
      this.#busy.add(name);
    }
    for (const call of calls) void this.#send(call);
  };

  async #send(call: readonly Part[]): Promise<void> {
    const names = new Set(call.map(({ name }) => name));
    try {
      await this.#settle(call, await this.#run(call));
    } catch (error) {
      for (const { reject } of call) reject(error);
      if (error instanceof RedisUnavailable && error.stored === 'unknown') {
        setTimeout(() => this.#release(names), TIMEOUT).unref();
        return;
      }
    }
    this.#release(names);
  }

  #release(names: ReadonlySet<string>): void {
    for (const name of names) this.#busy.delete(name);
    if (this.#waiting.size > 0) this.#schedule();
  }

  async #run(call: readonly Part[]): Promise<string[]> {
    const { keys } = this.#context;
    let partition = 0;
    const names: string[] = [];
    const args: Argument[] = [];
    for (const { name, count, joined, kept, left } of call) {
      const channel = keys.channel(name);
      partition = channel.partition;
      names.push(channel.route, channel.members, channel.record);
      names.push(keys.nodeChannels(partition, this.#node), keys.nodeSwept(partition, this.#node));
      args.push(name, count, isTracked(name) ? '1' : '', left.length, joined.length, kept.length);
      for (const { session } of left) args.push(session);
      for (const member of joined) args.push(member.session, packMember(member));
      for (const member of kept) args.push(member.session, packMember(member));
    }
    const head = [keys.bus(partition), this.#node];
    const { reportSubscriptions } = scripts;
    const all = [...head, ...args];
    const values = await runGuarded(this.#context, reportSubscriptions, partition, names, all);
    return String(values[1]).split('\n');
  }

  async #settle(call: readonly Part[], lines: readonly string[]): Promise<void> {
    for (const [i, part] of call.entries()) {
      const line = lines[i] ?? '- no answer';
      if (line.startsWith('- ')) {
        part.reject(entryFault('report', line.slice(2)));
        continue;
      }
      const [held, length, epoch, seq] = line.split(' ');
      const last = call[i + 1]?.name !== part.name;
      // Members that this node does not have: reports that were lost with a gateway's word of who left.
      if (last && part.whole && Number(held) > part.count) {
        await sweepChannel(this.#context, this.#node, part.name, part.whole);
      }
      const position = epoch !== undefined && { position: { epoch, seq: Number(seq) } };
      part.resolve({ length: Number(length), ...position });
    }
  }
}

type Share = Omit<Part, 'name' | 'resolve' | 'reject'>;

/** A large change in shares: of the same count, so that it does not matter which are there. */
function* shares({ count, joined, kept, left }: SubscriptionChange): Generator<Share> {
  const sum = joined.length + kept.length;
  const whole = sum === count ? [...joined, ...kept].map(({ session }) => session) : undefined;
  if (sum + left.length <= MEMBERS) {
    yield { count, joined, kept, left, whole };
    return;
  }
  const none = { count, joined: [], kept: [], left: [], whole: undefined };
  const cut = (list: readonly Member[]): (readonly Member[])[] =>
    Array.from({ length: Math.ceil(list.length / MEMBERS) }, (_, i) =>
      list.slice(i * MEMBERS, (i + 1) * MEMBERS),
    );
  for (const share of cut(left)) yield { ...none, left: share };
  for (const share of cut(joined)) yield { ...none, joined: share };
  for (const share of cut(kept)) yield { ...none, kept: share };
  yield { ...none, whole };
}

const fits = (part: Part, call: readonly Part[]): boolean =>
  call.length < CHANNELS && call.reduce((sum, one) => sum + size(one), size(part)) <= MEMBERS;

/** The call that is open, if there is room in it, else a new one. */
const roomFor = (part: Part, open: Part[] | undefined): Part[] =>
  open && fits(part, open) ? open : [];
