/**
 * Brings a subscriber of `encke.v1` from its position to what is live: what the channel's history holds after it, no
 * faster than the socket takes it, then what the bus brought meanwhile. No gap, no repeat. [N8]
 */
import { type ChannelMessage, type History, RedisUnavailable } from '@encke/cluster';
import { encodeFrame, type Position } from '@encke/protocol';
import { drained } from './drained.ts';
import type { HistoryReads } from './history-reads.ts';
import type { Joiner, LocalChannel } from './local-channel.ts';
import type { Session } from './session.ts';
import { SharedLine } from './shared-line.ts';

/** Characters of data that go to a socket before it has taken the ones before. */
const SHARE = 128 * 1024;
/** Milliseconds. */
const RETRY = 500;

/** What a history has behind a position. */
interface Behind {
  /** What follows is after this; undefined: the channel keeps no history. */
  readonly from: Position | undefined;
  /** Nothing behind the position is gone. */
  readonly complete: boolean;
  readonly messages: readonly ChannelMessage[];
}

export class Resumes {
  readonly #reads: HistoryReads;
  readonly #lowWater: number;
  readonly #delivered: (count: number) => void;
  /** What came in one read is encoded once for all who share it. */
  readonly #lines = new WeakMap<ChannelMessage, SharedLine>();

  constructor(reads: HistoryReads, sendBuffer: number, delivered: (count: number) => void) {
    this.#reads = reads;
    this.#lowWater = Math.min(SHARE, sendBuffer / 4);
    this.#delivered = delivered;
  }

  /**
   * Answers a subscribe and makes the session live. Redis knows of it by now, and `joiner` holds what comes meanwhile.
   * @throws RedisUnavailable: nothing was answered
   */
  async begin(
    session: Session,
    channel: LocalChannel,
    joiner: Joiner,
    wanted: Position | undefined,
  ): Promise<void> {
    if (wanted === undefined) {
      const first = joiner.held.find(({ position }) => position !== undefined)?.position;
      const from = first ? { epoch: first.epoch, seq: first.seq - 1 } : channel.position;
      answer(session, channel, from, false);
      await this.#follow(session, channel, joiner, from);
      return;
    }
    const read = await this.#reads.read(channel.app, channel.name);
    if (!holds(session, channel, joiner)) return;
    const { from, complete, messages } = behind(read, wanted);
    answer(session, channel, from, complete);
    await this.#bring(session, channel, joiner, messages);
    await this.#follow(session, channel, joiner, read.position);
  }

  /** What was held after `has` goes out, and then the bus straight through. */
  async #follow(
    session: Session,
    channel: LocalChannel,
    joiner: Joiner,
    has: Position | undefined,
  ): Promise<void> {
    let at = has;
    while (joiner.overflowed && at !== undefined && holds(session, channel, joiner)) {
      joiner.held = [];
      joiner.overflowed = false;
      const read = await this.#readAgain(channel);
      if (!holds(session, channel, joiner)) return;
      const { from, complete, messages } = behind(read, at);
      if (!complete && from) session.push(encodeFrame(missed(channel, from)));
      await this.#bring(session, channel, joiner, messages);
      at = read.position;
    }
    if (!holds(session, channel, joiner)) return;
    for (const { line, position } of joiner.held) if (!covers(at, position)) session.share(line);
    joiner.held = [];
    joiner.has = at;
    // The bus may still bring what the history had.
    if (at === undefined || covers(channel.position, at)) channel.settle(session);
  }

  async #readAgain(channel: LocalChannel): Promise<History> {
    for (;;) {
      try {
        return await this.#reads.read(channel.app, channel.name);
      } catch (error) {
        if (!(error instanceof RedisUnavailable)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY * (1 + Math.random())));
      }
    }
  }

  async #bring(
    session: Session,
    channel: LocalChannel,
    joiner: Joiner,
    messages: readonly ChannelMessage[],
  ): Promise<void> {
    // First, too: a peer may subscribe again and again and read nothing.
    let size = SHARE;
    for (const message of messages) {
      // Who published it gets no echo. [N4]
      if (message.session === session.id) continue;
      if (size >= SHARE) {
        size = 0;
        session.flush();
        await drained(session, Math.max(this.#lowWater, session.socket.writableHighWaterMark));
        if (!holds(session, channel, joiner)) return;
      }
      session.allow(message.data.length);
      session.share(this.#line(channel, message));
      size += message.data.length;
    }
    this.#delivered(messages.length);
  }

  #line(channel: LocalChannel, message: ChannelMessage): SharedLine {
    const known = this.#lines.get(message);
    if (known !== undefined) return known;
    const line = new SharedLine((wire) => wire.channel(channel.name, message, true));
    this.#lines.set(message, line);
    return line;
  }
}

/** It has not been unsubscribed, ended, or subscribed anew meanwhile. */
const holds = (session: Session, channel: LocalChannel, joiner: Joiner): boolean =>
  channel.joiners?.get(session) === joiner;

/** Whoever has everything up to `has` has `position` too. */
const covers = (has: Position | undefined, position: Position | undefined): boolean =>
  has !== undefined && position?.epoch === has.epoch && position.seq <= has.seq;

const missed = ({ name }: LocalChannel, { epoch, seq }: Position) =>
  ({ type: 'channel-missed', channel: name, epoch, seq }) as const;

function answer(
  session: Session,
  { name }: LocalChannel,
  from: Position | undefined,
  recovered: boolean,
): void {
  const place = from && { epoch: from.epoch, seq: from.seq };
  session.push(encodeFrame({ type: 'subscribed', channel: name, ...place, recovered }));
}

function behind({ position, messages }: History, wanted: Position): Behind {
  if (position === undefined) return { from: undefined, complete: false, messages: [] };
  const first = messages[0]?.position?.seq ?? position.seq + 1;
  if (covers(position, wanted) && wanted.seq >= first - 1) {
    const after = messages.filter((message) => (message.position?.seq ?? 0) > wanted.seq);
    return { from: wanted, complete: true, messages: after };
  }
  return { from: { epoch: position.epoch, seq: first - 1 }, complete: false, messages };
}
