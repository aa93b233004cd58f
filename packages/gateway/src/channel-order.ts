/**
 * Serves the messages of a channel to all its live subscribers in order. Where the channel keeps a history, a seq that
 * skips, or a bus that was lost, makes it read the history instead; what is gone for good is told. [N5] [N7]
 */
import {
  type ChannelMessage,
  type Channels,
  type History,
  RedisUnavailable,
  type Standing,
} from '@encke/cluster';
import type { Position } from '@encke/protocol';
import type { LocalChannel } from './local-channel.ts';
import { SharedLine } from './shared-line.ts';

/** Milliseconds. */
const RETRY = 500;

export interface OrderEvents {
  delivered(count: number): void;
  gap(): void;
  fault(error: unknown): void;
}

export class ChannelOrder {
  readonly #history: Channels['history'];
  readonly #events: OrderEvents;

  constructor(channels: Channels, events: OrderEvents) {
    this.#history = (app, channel, after) => channels.history(app, channel, after);
    this.#events = events;
  }

  /** From the bus. */
  receive(channel: LocalChannel, message: ChannelMessage): void {
    if (message.position === undefined) {
      // The history, if there was one, has been switched off.
      if (!channel.recovering) channel.position = undefined;
      this.#deliver(channel, message, false);
    } else if (channel.held !== undefined) channel.wait(message);
    else if (!this.#next(channel, message, message.position)) {
      channel.wait(message);
      this.#events.gap();
      this.#recover(channel);
    }
  }

  /**
   * A report was answered: the node hears everything behind that position. `stale`: messages before it may have been
   * lost.
   */
  stands(channel: LocalChannel, { position }: Standing, stale: boolean): void {
    if (channel.recovering) {
      // What is being read may be older than this answer.
      channel.readAgain ||= stale;
    } else if (channel.held !== undefined) {
      channel.position = position;
      if (channel.readAgain) this.#recover(channel);
      else this.#release(channel);
    } else if (stale && differ(channel.position, position)) {
      channel.held = [];
      this.#recover(channel);
    }
  }

  /** @returns false when something is missing before it. */
  #next(channel: LocalChannel, message: ChannelMessage, { epoch, seq }: Position): boolean {
    // A history that began after this node reported begins with 1.
    channel.position ??= { epoch, seq: 0 };
    const at = channel.position;
    if (epoch !== at.epoch || seq > at.seq + 1) return false;
    if (seq <= at.seq) {
      if (channel.time === 0 || message.time <= channel.time) return true;
      // A number used twice: Redis lost the newest messages in a failover.
      this.#miss(channel, { epoch, seq: seq - 1 });
    }
    this.#deliver(channel, message, false);
    return true;
  }

  #deliver(channel: LocalChannel, message: ChannelMessage, history: boolean): void {
    const { name } = channel;
    const { position } = message;
    if (position !== undefined) {
      channel.position = position;
      channel.time = message.time;
    }
    const line = new SharedLine((wire) => wire.channel(name, message, history));
    if (history) for (const session of channel.sessions) session.allow(message.data.length);
    this.#events.delivered(channel.tell(line, position, message.session));
  }

  /** From here on the channel is served; what came before and was not seen is lost. */
  #miss(channel: LocalChannel, position: Position): void {
    channel.position = position;
    channel.tell(new SharedLine((wire) => wire.channelMissed(channel.name, position)), position);
  }

  #recover(channel: LocalChannel): void {
    if (channel.recovering) return;
    channel.recovering = true;
    void this.#readAll(channel);
  }

  async #readAll(channel: LocalChannel): Promise<void> {
    while (channel.held !== undefined) {
      if (channel.sessions.size === 0) {
        // Whoever comes next asks Redis how the channel stands.
        channel.held = [];
        channel.time = 0;
        break;
      }
      const waited = channel.held.length;
      channel.readAgain = false;
      try {
        const read = await this.#history(channel.app, channel.name, channel.position);
        this.#apply(channel, read, waited);
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) this.#events.fault(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY * (1 + Math.random())));
        continue;
      }
      if (!channel.readAgain) this.#release(channel);
    }
    channel.recovering = false;
  }

  /** `waited`: so many of the held messages are older than what was read. */
  #apply(channel: LocalChannel, read: History, waited: number): void {
    const { position, complete, messages } = read;
    const held = channel.held ?? [];
    if (position === undefined) {
      // Nothing is kept any more: what the bus brought is all there is.
      channel.position = undefined;
      for (const message of held) this.#deliver(channel, message, false);
      channel.position = undefined;
      channel.held = [];
      return;
    }
    const at = channel.position ?? { epoch: position.epoch, seq: 0 };
    const fresh = messages.filter((message) =>
      at.epoch === position.epoch
        ? (message.position?.seq ?? 0) > at.seq
        : message.time > channel.time,
    );
    if (!complete) {
      const first = fresh[0]?.position?.seq ?? position.seq + 1;
      this.#miss(channel, { epoch: position.epoch, seq: first - 1 });
    }
    for (const message of fresh) this.#deliver(channel, message, true);
    channel.position = position;
    channel.held = held.filter((message, i) => {
      if (i >= waited) return true;
      // Those of an epoch that has ended are lost with it, and that was told.
      if (message.position?.epoch !== position.epoch) return false;
      if (message.position.seq <= position.seq) return false;
      // Redis has lost it already, in a failover.
      this.#deliver(channel, message, false);
      return false;
    });
  }

  /** Serves what waited, as far as nothing is missing. */
  #release(channel: LocalChannel): void {
    const held = channel.held ?? [];
    for (const [i, message] of held.entries()) {
      const { position } = message;
      if (position === undefined || this.#next(channel, message, position)) continue;
      channel.held = held.slice(i);
      this.#recover(channel);
      return;
    }
    channel.held = undefined;
  }
}

const differ = (a: Position | undefined, b: Position | undefined): boolean =>
  a?.epoch !== b?.epoch || a?.seq !== b?.seq;
