/**
 * Which sockets of this node are subscribed to which channels, and what the bus says to them. Nothing that the bus calls
 * blocks or awaits.
 */
import {
  type BusMember,
  type ChannelMessage,
  type Channels as ClusterChannels,
  channelTarget,
  parseChannelTarget,
  type Standing,
  type Subscriptions,
} from '@encke/cluster';
import { type App, type Channel, type Position, statusUser } from '@encke/protocol';
import { ChannelOrder } from './channel-order.ts';
import { HistoryReads } from './history-reads.ts';
import { LocalChannel } from './local-channel.ts';
import { Reports } from './reports.ts';
import { Resumes } from './resume.ts';
import type { Session } from './session.ts';
import { SharedLine } from './shared-line.ts';

export interface ChannelsParts {
  readonly cluster: ClusterChannels;
  readonly sendBuffer: number;
  subscriptions(): Subscriptions;
  delivered(count: number): void;
  /** A bus message was lost, and the history is read instead. */
  gap(): void;
  fault(error: unknown): void;
}

export class Channels {
  readonly reads: HistoryReads;
  readonly #byTarget = new Map<string, LocalChannel>();
  readonly #order: ChannelOrder;
  readonly #reports: Reports;
  readonly #resumes: Resumes;
  readonly #subscriptions: () => Subscriptions;

  constructor(parts: ChannelsParts) {
    this.reads = new HistoryReads(parts.cluster);
    this.#order = new ChannelOrder(parts.cluster, parts);
    this.#resumes = new Resumes(this.reads, parts.sendBuffer, (count) => parts.delivered(count));
    this.#subscriptions = () => parts.subscriptions();
    this.#reports = new Reports(
      this.#subscriptions,
      (channel, standing, stale) => this.#stands(channel, standing, stale),
      (error) => parts.fault(error),
    );
  }

  /** Subscribed sockets, one for each of its channels. */
  get subscriptions(): number {
    let sum = 0;
    for (const { sessions } of this.#byTarget.values()) sum += sessions.size;
    return sum;
  }

  #open(app: App, name: Channel): LocalChannel {
    const target = channelTarget(app, name);
    const known = this.#byTarget.get(target);
    if (known !== undefined) return known;
    const channel = new LocalChannel(app, name);
    this.#byTarget.set(target, channel);
    return channel;
  }

  #stands(channel: LocalChannel, standing: Standing, stale: boolean): void {
    if (channel.done) this.#byTarget.delete(channel.target);
    else this.#order.stands(channel, standing, stale);
  }

  /**
   * [N3] The full list of a socket's channels, all such as it may subscribe to: only what differs counts. Live at once,
   * also while Redis is away. Resolves when Redis has heard it, or could not be reached.
   */
  async replace(session: Session, names: readonly Channel[]): Promise<void> {
    const changed: LocalChannel[] = [];
    const wanted = new Set(names.map((name) => channelTarget(session.app, name)));
    for (const channel of [...(session.channels ?? [])])
      if (!wanted.has(channel.target) && channel.remove(session)) changed.push(channel);
    for (const name of names) {
      const channel = this.#open(session.app, name);
      if (channel.add(session)) changed.push(channel);
    }
    await Promise.allSettled(changed.map((channel) => this.#reports.heard(channel)));
  }

  /**
   * Subscribes a socket and answers it, from `position` if there is one.
   * @throws RedisUnavailable: it is not subscribed
   */
  async subscribe(session: Session, name: Channel, position: Position | undefined): Promise<void> {
    const channel = this.#open(session.app, name);
    channel.add(session);
    const joiner = channel.hold(session);
    const holds = (): boolean => channel.joiners?.get(session) === joiner;
    try {
      // Before the history is read, or something could fall between the two.
      await this.#reports.heard(channel);
      if (holds()) await this.#resumes.begin(session, channel, joiner, position);
    } catch (error) {
      if (!holds()) return;
      this.#remove(channel, session);
      throw error;
    }
  }

  has(session: Session, name: Channel): boolean {
    return this.#byTarget.get(channelTarget(session.app, name))?.sessions.has(session) ?? false;
  }

  unsubscribe(session: Session, name: Channel): void {
    const channel = this.#byTarget.get(channelTarget(session.app, name));
    if (channel !== undefined) this.#remove(channel, session);
  }

  /** The socket is gone. */
  left(session: Session): void {
    for (const channel of [...(session.channels ?? [])]) this.#remove(channel, session);
  }

  #remove(channel: LocalChannel, session: Session): void {
    if (channel.remove(session)) this.#reports.mark(channel);
  }

  /** The bus is back, or Redis forgot this node: everything is reported again, and compared with the histories. */
  registerAgain(): void {
    for (const channel of this.#byTarget.values()) {
      channel.stale = true;
      const { joined, kept } = channel.owed;
      for (const session of channel.sessions) if (!joined.has(session)) kept.add(session);
      this.#reports.mark(channel);
    }
    void this.#strays();
  }

  /** Those that were left by all shortly before Redis lost what it was told last. */
  async #strays(): Promise<void> {
    // Redis is away again, and so is the bus, which will come back.
    const listed = await this.#subscriptions()
      .channels()
      .catch(() => []);
    for (const target of listed) if (!this.#byTarget.has(target)) this.#stray(target);
  }

  /** Resolves when Redis has heard of all departures; may take as long as Redis is away. */
  settled(): Promise<void> {
    return this.#reports.settled();
  }

  // Bus

  message(target: string, message: ChannelMessage): void {
    const channel = this.#byTarget.get(target);
    if (channel === undefined) this.#stray(target);
    else this.#order.receive(channel, message);
  }

  membership(target: string, change: 'joined' | 'left', who: BusMember): void {
    const channel = this.#byTarget.get(target);
    if (channel === undefined) return;
    const line = new SharedLine((wire) => wire.membership(channel.name, change, who));
    channel.tell(line, undefined, who.session);
  }

  presence(target: string, online: boolean, time: number): void {
    const channel = this.#byTarget.get(target);
    const user = channel && statusUser(channel.name);
    if (user === undefined) return;
    channel?.tell(new SharedLine((wire) => wire.presence(user, online, time)));
  }

  /** Redis believes in subscribers here that do not exist: a report that was lost, or its answer, with the channel. */
  #stray(target: string): void {
    const { app, channel } = parseChannelTarget(target);
    this.#reports.mark(this.#open(app, channel));
  }
}
