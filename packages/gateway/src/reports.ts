/**
 * Tells Redis about the subscriptions of this node: what changed in a tick in one round trip, and again until Redis has
 * heard it. The counts are absolute, so whatever was lost or repeated is healed by the next report. [N11]
 */
import { RedisUnavailable, type Standing, type Subscriptions } from '@encke/cluster';
import { type LocalChannel, member, type Owed } from './local-channel.ts';

/** Milliseconds. */
const RETRY = 500;
/** Channels in one round trip at most: others wait behind it. */
const GROUP = 512;

export class Reports {
  readonly #subscriptions: () => Subscriptions;
  readonly #answered: (channel: LocalChannel, standing: Standing, stale: boolean) => void;
  readonly #onFault: (error: unknown) => void;
  readonly #dirty = new Set<LocalChannel>();
  readonly #idle: (() => void)[] = [];
  #flushing = false;
  #open = 0;

  /**
   * `answered` is told how the channel stands, before those who wait for it, and whether it was stale when that was
   * asked: an answer from before the bus came back compares nothing.
   */
  constructor(
    subscriptions: () => Subscriptions,
    answered: (channel: LocalChannel, standing: Standing, stale: boolean) => void,
    onFault: (error: unknown) => void,
  ) {
    this.#subscriptions = subscriptions;
    this.#answered = answered;
    this.#onFault = onFault;
  }

  mark(channel: LocalChannel): void {
    channel.dirty = true;
    if (channel.reporting) return;
    this.#dirty.add(channel);
    this.#schedule();
  }

  /** Resolves when Redis has heard of everybody who is subscribed now. @throws RedisUnavailable */
  heard(channel: LocalChannel): Promise<void> {
    this.mark(channel);
    return new Promise((resolve, reject) => channel.owed.waiters.push({ resolve, reject }));
  }

  /** Resolves when Redis has heard everything; may take as long as Redis is away. */
  async settled(): Promise<void> {
    if (this.#dirty.size === 0 && this.#open === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#flushing || this.#open >= GROUP) return;
    this.#flushing = true;
    setImmediate(this.#flush);
  }

  #flush = (): void => {
    this.#flushing = false;
    for (const channel of this.#dirty) {
      if (this.#open >= GROUP) return;
      this.#dirty.delete(channel);
      this.#open += 1;
      this.#send(channel).catch(this.#onFault);
    }
  };

  async #send(channel: LocalChannel): Promise<void> {
    const owed = channel.takeOwed();
    const { stale } = channel;
    channel.stale = false;
    channel.dirty = false;
    channel.reporting = true;
    let standing: Standing;
    try {
      standing = await this.#subscriptions().report({
        app: channel.app,
        channel: channel.name,
        count: channel.sessions.size,
        joined: Array.from(owed.joined, member),
        kept: Array.from(owed.kept, member),
        left: [...owed.left.values()],
      });
    } catch (error) {
      takeBack(channel, owed);
      channel.stale ||= stale;
      for (const waiter of owed.waiters) waiter.reject(error);
      setTimeout(() => this.#done(channel, true), RETRY * (1 + Math.random())).unref();
      if (error instanceof RedisUnavailable) return;
      throw error;
    }
    this.#done(channel);
    this.#answered(channel, standing, stale);
    for (const waiter of owed.waiters) waiter.resolve();
  }

  #done(channel: LocalChannel, again = false): void {
    channel.reporting = false;
    this.#open -= 1;
    if (again || channel.dirty) this.mark(channel);
    if (this.#dirty.size > 0) this.#schedule();
    else if (this.#open === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** It failed, or nobody knows: everything that was in it is reported again, but for what changed meanwhile. */
function takeBack(channel: LocalChannel, sent: Owed): void {
  const { joined, kept, left, uncertain } = channel.owed;
  for (const session of sent.joined) {
    if (!channel.sessions.has(session)) continue;
    joined.add(session);
    uncertain.add(session);
  }
  for (const session of sent.kept)
    if (channel.sessions.has(session) && !joined.has(session)) kept.add(session);
  for (const [id, one] of sent.left) left.set(id, one);
  if (sent.left.size === 0) return;
  // Who is back is among those that joined.
  for (const session of channel.sessions) if (left.delete(session.id)) uncertain.add(session);
}
