/**
 * The node bus: one sharded channel a partition, subscribed once for the node's life. It is only the fast path. A bus
 * that was lost is made anew, and then every local session registers again and reads what its inbox has more, so a line
 * lost here costs a delay, never a message.
 *
 * A subscriber can be dead without its connection saying so (a failover, a proxy that swallows bytes). So the node
 * publishes a probe to itself, through Redis, over every subscriber connection; one that does not come back in time
 * condemns the bus.
 */
import { performance } from 'node:perf_hooks';
import type { Device, Node, Session, User } from '@encke/protocol';
import { type ChannelMessage, parseChannelLine } from './channel-message.ts';
import type { Member } from './channels.ts';
import type { Context } from './context.ts';
import { Subscription } from './subscription.ts';
import { type CloseReason, parseCloseReason } from './users.ts';

/** Milliseconds between probes, and until a missing one condemns the bus. */
const PROBE_INTERVAL = 1_000;
const PROBE_TIMEOUT = 3_000;

export interface BusMessage {
  /** `app:user` */
  readonly target: string;
  readonly epoch: string;
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
}

export type BusMember = Pick<Member, 'session' | 'user' | 'device'>;

/** What a gateway does with the bus. None of these may block, await or throw. */
export interface BusHandlers {
  message(message: BusMessage): void;
  /** A newer device, or one session too many of its own, took this session's place. */
  evicted(target: string, session: Session): void;
  close(target: string, reason: CloseReason): void;
  /** Of a channel with subscribers here. */
  channel?(target: string, message: ChannelMessage): void;
  /** Somebody came to or left a channel whose subscribers are told. */
  membership?(target: string, change: 'joined' | 'left', member: BusMember): void;
  /** A token was revoked: what sessions of that user live on it end. */
  revoked(target: string, digest: string): void;
  /** A user came online or went offline: for the subscribers of `app:user_status_<user>`. `time` in milliseconds. */
  presence?(target: string, online: boolean, time: number): void;
  /** Subscribed again: everything local must register and re-read. */
  up(): void;
  /** The subscription was lost; it is being made anew. */
  down(why: string): void;
  /** Seconds a probe took through Redis and back. */
  lag(seconds: number): void;
}

export class Bus {
  readonly #context: Context;
  readonly #node: Node;
  readonly #handlers: BusHandlers;
  #subscription: Subscription | undefined;
  #stopped = false;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Probes on their way: number → when sent; negative: it came back, when, before Redis answered the publish. */
  readonly #probes = new Map<number, number>();
  #probeCounter = 0;
  #turn = 0;

  constructor(context: Context, node: Node, handlers: BusHandlers) {
    this.#context = context;
    this.#node = node;
    this.#handlers = handlers;
  }

  up(): boolean {
    return this.#subscription !== undefined;
  }

  start(): void {
    this.#connect();
    this.#timer = setInterval(() => this.#probe(), PROBE_INTERVAL);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  #connect(): void {
    if (this.#stopped) return;
    const { commands, config, keys } = this.#context;
    const channels = keys.busChannels(this.#node);
    Subscription.open(config.redis, commands.client, channels, {
      payload: (payload) => this.#receive(payload),
      lost: (why) => this.#lost(why),
    }).then(
      (subscription) => this.#connected(subscription),
      () => this.#retry(),
    );
  }

  #connected(subscription: Subscription): void {
    if (this.#stopped) {
      subscription.close();
      return;
    }
    this.#subscription = subscription;
    this.#attempts = 0;
    this.#probes.clear();
    this.#handlers.up();
  }

  /** Loses what there is and begins again. */
  #lost(why: string): void {
    const subscription = this.#subscription;
    if (!subscription) return;
    this.#subscription = undefined;
    subscription.close();
    if (this.#stopped) return;
    this.#handlers.down(why);
    this.#retry();
  }

  #retry(): void {
    this.#attempts += 1;
    const ceiling = Math.min(50 * 2 ** Math.min(this.#attempts, 5), 1_000);
    setTimeout(() => this.#connect(), ceiling * (0.5 + Math.random() / 2));
  }

  #probe(): void {
    const subscription = this.#subscription;
    if (!subscription) return;
    const { commands } = this.#context;
    const now = performance.now();
    for (const [number, sentAt] of this.#probes) {
      if (now - Math.abs(sentAt) <= PROBE_TIMEOUT) continue;
      if (sentAt > 0) {
        this.#lost('a probe did not come back');
        return;
      }
      this.#probes.delete(number);
    }
    if (subscription.moved(commands.client)) {
      this.#lost('a slot has moved');
      return;
    }
    this.#turn += 1;
    for (const channel of subscription.probes(this.#turn)) {
      this.#probeCounter += 1;
      const number = this.#probeCounter;
      commands.send(['spublish', channel, `p ${number}`]).then(
        (receivers) => {
          if (this.#subscription !== subscription) return;
          // Redis itself says that nobody is subscribed.
          if (Number(receivers) === 0) this.#lost('Redis knows no subscriber');
          else this.#await(number, now);
        },
        // Redis is away, which says nothing about the bus.
        () => {},
      );
    }
  }

  /** The answer to SPUBLISH and the probe travel on two connections: either may be first. */
  #await(number: number, sentAt: number): void {
    const arrived = this.#probes.get(number);
    if (arrived === undefined) {
      this.#probes.set(number, sentAt);
      return;
    }
    this.#probes.delete(number);
    this.#handlers.lag((-arrived - sentAt) / 1000);
  }

  #probed(number: number): void {
    const sentAt = this.#probes.get(number);
    if (sentAt === undefined) {
      this.#probes.set(number, -performance.now());
      return;
    }
    this.#probes.delete(number);
    this.#handlers.lag((performance.now() - sentAt) / 1000);
  }

  #receive(payload: string): void {
    let from = 0;
    while (from < payload.length) {
      let end = payload.indexOf('\n', from);
      if (end < 0) end = payload.length;
      this.#line(payload.slice(from, end));
      from = end + 1;
    }
  }

  #line(line: string): void {
    const kind = line.charCodeAt(0);
    if (kind === 109 /* m */) {
      this.#handlers.message(parseMessage(line));
    } else if (kind === 98 /* b */) {
      const { target, message } = parseChannelLine(line);
      this.#handlers.channel?.(target, message);
    } else if (kind === 106 /* j */ || kind === 108 /* l */) {
      const [, name = '', session, user, device] = line.split(' ');
      this.#handlers.membership?.(name, kind === 106 ? 'joined' : 'left', {
        session: session as Session,
        user: Number(user) as User | 0,
        device: device as Device,
      });
    } else if (kind === 120 /* x */) {
      const [, name = '', session = ''] = line.split(' ');
      this.#handlers.evicted(name, session as Session);
    } else if (kind === 99 /* c */) {
      const [, name = '', reason = ''] = line.split(' ');
      this.#handlers.close(name, parseCloseReason(reason));
    } else if (kind === 114 /* r */) {
      const [, name = '', digest = ''] = line.split(' ');
      this.#handlers.revoked(name, digest);
    } else if (kind === 115 /* s */) {
      const [, name = '', online, time] = line.split(' ');
      this.#handlers.presence?.(name, online === '1', Number(time));
    } else if (kind === 112 /* p */) {
      this.#probed(Number(line.slice(2)));
    }
  }
}

/** `m <app:user> <epoch> <ms>-<seq> <event> <data>`; event may be empty, data may hold spaces but no newline. */
function parseMessage(line: string): BusMessage {
  const a = line.indexOf(' ', 2);
  const b = line.indexOf(' ', a + 1);
  const c = line.indexOf('-', b + 1);
  const d = line.indexOf(' ', c + 1);
  const e = line.indexOf(' ', d + 1);
  return {
    target: line.slice(2, a),
    epoch: line.slice(a + 1, b),
    time: Number(line.slice(b + 1, c)),
    seq: Number(line.slice(c + 1, d)),
    event: line.slice(d + 1, e),
    data: line.slice(e + 1),
  };
}
