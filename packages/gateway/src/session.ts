/**
 * One socket. Its whole state is in these fields: no closures, no parsed request, no emitter of its own.
 *
 *   opened ──hello──► attaching ──► syncing ◄──► live        any ──► ended
 *                         └───────► anonymous
 *
 * A session is live when it has been sent everything its user's inbox holds; then bus messages go straight out. In any
 * other state they are held or passed over, and the inbox is read instead.
 */

import type { Socket } from 'node:net';
import { type BusMessage, type RegisterOrder, steadyNow, type Token } from '@encke/cluster';
import {
  type App,
  type CloseName,
  type Device,
  limits,
  messageId,
  type Session as SessionId,
  type StoredMessage,
  type User,
} from '@encke/protocol';
import type WebSocket from 'ws';
import { Confirmation } from './confirmation.ts';
import { writeFrames } from './frame.ts';
import type { House } from './house.ts';
import type { LocalChannel } from './local-channel.ts';
import type { Peer } from './peer.ts';
import { Run, type SharedLine } from './shared-line.ts';
import type { Wire } from './wire.ts';

export type State = 'opened' | 'anonymous' | 'attaching' | 'live' | 'syncing' | 'ended';

/** Bus messages held while the inbox is read; with more, the inbox is read again instead. */
const HELD = 128;
/** Lines, and frames and their bytes, that may wait for the answer to an attach. */
const EARLY = 100;
const EARLY_BYTES = 256 * 1024;
/** Unanswered questions with which no more is read from a socket, and with which it goes on. */
const ASKING = 64;
const ASKING_LESS = 32;
/** Bytes: a page of the inbox as it may lie in a socket. */
const PAGE = 1024 * 1024;
/** Milliseconds between two looks at a session that is not yet anybody's. */
const SOON = 1_000;

export class Session {
  readonly id: SessionId;
  readonly wire: Wire;
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly #house: House;
  state: State = 'opened';
  app = 0 as App;
  user = 0 as User;
  device = '' as Device;
  readonly peer: Peer;
  /** The client's address as a proxy told it; '': the socket's own. */
  readonly address: string;
  /** `app:user`, '' while nobody is known. */
  target = '';
  /** Milliseconds, when it was attached, by Redis; before that, when the socket was opened, by this node. */
  since = steadyNow();
  /** The JWT it lives on. */
  token: Token | undefined;
  /** Its key was accepted. */
  admitted = false;
  /** It stands in Redis' registry (or may). */
  registered = false;

  epoch = '';
  /** The last seq written to the socket, and its time (ms; 0 when not known). */
  sent = 0;
  sentTime = 0;
  /** Its epoch or position was changed under it, and the peer was told. */
  moved = false;
  /** The bus brought a number that it was sent already, for another message. */
  contradicted = false;
  readonly confirmation: Confirmation;
  held: BusMessage[] | undefined;
  /** The inbox must be read once more before this session is live. */
  readAgain = false;
  /** Called at the next receipt, or at the end. */
  waiting: (() => void) | undefined;
  /** The bus came back while its attach was on its way. */
  registerAgain = false;
  /** The inbox holds more behind the page that was read last. */
  pageMore = false;

  /** Where it is subscribed. */
  channels: Set<LocalChannel> | undefined;

  #lines: (string | Run)[] | undefined;
  #gatheredCharacters = 0;
  /** Frames that came before the answer to its attach. */
  #early: Buffer[] | undefined;
  #asking = 0;
  /** Bytes that may wait in the socket beyond the send buffer: what was asked for, and what came at once to a peer that reads. */
  #allowed = 0;
  #scheduled = false;
  #pingAt = 0;
  #pinged = 0;
  /** The pong to it confirms what it names. */
  #pingCounts = false;
  #lastPing: number;
  #ending = false;

  constructor(
    id: SessionId,
    wire: Wire,
    ws: WebSocket,
    socket: Socket,
    house: House,
    peer: Peer,
    address: string,
  ) {
    this.id = id;
    this.peer = peer;
    this.address = address;
    this.wire = wire;
    this.ws = ws;
    this.socket = socket;
    this.#house = house;
    this.confirmation = new Confirmation(wire.pongConfirms);
    // Sockets opened together are not pinged together.
    this.#lastPing = this.since - Math.random() * house.pingInterval;
  }

  get ended(): boolean {
    return this.state === 'ended';
  }

  /** The last seq the peer confirmed. */
  get confirmed(): number {
    return this.confirmation.seq;
  }

  /** Starts at a position: everything up to `seq` of `epoch` is with the peer, or is gone up to `passed`. */
  startAt(epoch: string, seq: number, passed = 0): void {
    this.epoch = epoch;
    this.sent = seq;
    this.sentTime = 0;
    this.confirmation.startAt(seq, passed);
    // A ping on its way speaks of the position before.
    this.#pingCounts = false;
  }

  /** Passes over seqs of which nothing is left to send: expired or removed. */
  skipTo(seq: number): void {
    const allConfirmed = this.confirmed === this.sent;
    this.#pass(seq);
    this.sent = seq;
    this.sentTime = 0;
    if (allConfirmed) this.confirm(seq);
  }

  /** What is confirmed next is behind that. */
  #pass(seq: number): void {
    if (this.confirmed === this.sent) this.confirmation.passed = seq;
  }

  /** What Redis must know of it. */
  registration(): RegisterOrder {
    const { app, user, id: session, device, token, since, epoch, sent, sentTime } = this;
    const cursor = this.confirmation.cursor(steadyNow());
    return { app, user, session, device, token, since, epoch, sent, sentTime, cursor };
  }

  hold(message: BusMessage): void {
    this.held ??= [];
    if (this.held.length < HELD) this.held.push(message);
    else this.readAgain = true;
  }

  /** Writes a message at the end of the tick. Called in seq order only. */
  deliver(message: StoredMessage, queued: boolean): void {
    if (message.seq > this.sent + 1) this.#pass(message.seq - 1);
    this.sent = message.seq;
    this.sentTime = message.time;
    this.confirmation.sent(message.seq, message.time);
    this.push(this.wire.message(messageId(this.epoch, message.seq), message, queued));
    this.#house.delivered(message.time, queued);
  }

  /** Adds a line to what is written at the end of the tick. */
  push(line: string): void {
    this.#lines ??= [];
    this.#lines.push(line);
    this.#gatheredCharacters += line.length;
    // Until the answer to its attach is there, nothing goes out before it.
    if (this.state !== 'attaching') this.#schedule();
    else if (this.#lines.length > EARLY) this.end('slow');
  }

  /** Adds a line that many sockets get. Not before the answer to its attach. */
  share(line: SharedLine): void {
    const run = line.run(this.wire);
    if (run === undefined) return;
    this.#lines ??= [];
    this.#gatheredCharacters += run.text.length;
    const last = this.#lines.at(-1);
    if (last instanceof Run) this.#lines[this.#lines.length - 1] = last.and(run);
    else this.#lines.push(run);
    this.#schedule();
  }

  /**
   * [N12] What the peer asked for or missed is not held against it: so many characters of data may wait beyond the send
   * buffer until the socket has taken what there is.
   */
  allow(characters: number): void {
    // Through TLS no write is done at once, and `guard` never sees an empty socket.
    if (this.#lines === undefined && this.socket.writableLength === 0) this.#allowed = 0;
    // A character takes at most 3 bytes, or 6 escaped; then the head of a frame.
    this.#allowed += 6 * characters + 1_024;
  }

  /** The answer to the hello or the connect: the first line that the peer reads. */
  welcome(line: string): void {
    this.#lines = [line, ...(this.#lines ?? [])];
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#house.dirty(this);
  }

  /** Writes what has gathered: one write, however many lines. A receipt ping goes along when none is on its way. */
  flush(): void {
    const lines = this.#lines;
    this.#lines = undefined;
    this.#gatheredCharacters = 0;
    this.#scheduled = false;
    if (lines === undefined || this.ended || !this.socket.writable) return;
    const owed = this.wire.pongConfirms && this.sent > this.confirmed && this.#pingAt === 0;
    const keptUp = this.socket.writableLength === 0;
    const [first] = lines;
    const { joinsLines } = this.wire;
    if (lines.length === 1 && first instanceof Run && !owed)
      this.socket.write(first.bytes(joinsLines));
    else {
      const texts = lines.flatMap((line) => (line instanceof Run ? line.texts() : line));
      const joined = joinsLines && texts.length > 1 ? [texts.join('\n')] : texts;
      writeFrames(this.socket, joined, owed ? this.#startPing(steadyNow()) : '');
    }
    if (keptUp) this.#allowed = Math.max(this.#allowed, this.socket.writableLength);
    this.guard();
  }

  /** Half of the send buffer is in use: a burst to a peer that reads well had better wait in the inbox. */
  get crowded(): boolean {
    return this.#gatheredCharacters + this.socket.writableLength > this.#house.sendBuffer / 2;
  }

  /** Ends a session whose peer does not read. While it catches up, pages wait for the socket, so one more is allowed. */
  guard(): void {
    const page = this.state === 'syncing' ? PAGE : 0;
    const waiting = this.socket.writableLength;
    if (waiting > this.#house.sendBuffer + page + this.#allowed) this.end('slow');
    else if (waiting === 0) this.#allowed = 0;
  }

  #startPing(now: number): string {
    this.#pingAt = now;
    this.#lastPing = now;
    this.#pinged = this.sent;
    this.#pingCounts = true;
    return String(this.sent);
  }

  /** A frame from the peer. A bug in handling it ends this session only. */
  receive(data: Buffer, binary: boolean): void {
    try {
      if (this.state === 'attaching') this.#wait(data, binary);
      else this.wire.receive(this, data, binary);
    } catch (error) {
      this.#house.fault(error, this);
    }
  }

  /** Who the peer is must be known first. */
  #wait(data: Buffer, binary: boolean): void {
    this.#early ??= [];
    const size = this.#early.reduce((sum, { length }) => sum + length, data.length);
    if (binary) this.wire.receive(this, data, true);
    else if (this.#early.length === EARLY || size > EARLY_BYTES) this.end('slow');
    else this.#early.push(data);
  }

  /** The attach is answered: what came meanwhile is read. */
  readEarly(): void {
    const early = this.#early;
    this.#early = undefined;
    for (const data of early ?? []) if (!this.ended) this.receive(data, false);
  }

  /** A question of the peer is being answered: with too many of them, it has to wait. */
  asks(): void {
    this.#asking += 1;
    if (this.#asking === ASKING) this.ws.pause();
  }

  answered(): void {
    this.#asking -= 1;
    if (this.#asking === ASKING_LESS && this.ws.isPaused) this.ws.resume();
  }

  /** The peer answered a ping; on the old wire that confirms what was sent before it. */
  pong(payload: string): void {
    if (this.#pingAt === 0 || payload !== String(this.#pinged)) return;
    this.#pingAt = 0;
    if (!this.wire.pongConfirms || this.target === '') return;
    if (this.#pingCounts) this.confirm(this.#pinged);
    // What has gathered goes first: `flush` sends the ping behind it.
    if (this.#lines === undefined && this.sent > this.confirmed)
      writeFrames(this.socket, [], this.#startPing(steadyNow()));
  }

  /** Everything up to `seq` is with the peer. */
  confirm(seq: number): void {
    if (seq <= this.confirmed) return;
    this.confirmation.confirm(seq, seq === this.sent ? this.sentTime : 0, steadyNow());
    this.#house.receipts.add(this);
    this.wake();
  }

  /** Whoever waits for this session to go on looks again. */
  wake(): void {
    const waiting = this.waiting;
    this.waiting = undefined;
    waiting?.();
  }

  /** The wheel's look: hello in time, ping in time, pong in time, token still good. */
  look(now: number): number {
    if (this.ended) return 0;
    const wait = this.state === 'opened' ? this.#lookForHello(now) : this.#lookForPong(now);
    if (this.token === undefined) {
      // It may get a token any moment, which may not last long.
      return this.state === 'opened' || this.state === 'attaching' ? Math.min(wait, SOON) : wait;
    }
    // [T4] By the clock of the day: that is what a token speaks of.
    const left = this.token.expires - Date.now();
    if (left > 0) return Math.min(wait, left);
    this.end('refresh');
    return 0;
  }

  #lookForHello(now: number): number {
    const left = this.since + limits.helloTimeout - now;
    if (left > 0) return left;
    this.end('helloTimeout');
    return 0;
  }

  #lookForPong(now: number): number {
    if (this.confirmation.untold(now)) this.#house.receipts.add(this);
    if (this.#pingAt > 0) {
      const left = this.#pingAt + this.#house.pongTimeout - now;
      if (left > 0) return left;
      this.end('silent');
      return 0;
    }
    const left = this.#lastPing + this.#house.pingInterval - now;
    if (left > 0) return left;
    // What has gathered goes first, and may have the ping behind it.
    if (this.#scheduled) this.flush();
    if (this.ended) return 0;
    if (this.#pingAt === 0) writeFrames(this.socket, [], this.#startPing(now));
    return this.#house.pongTimeout;
  }

  end(close: CloseName): void {
    if (this.ended || this.#ending) return;
    this.#ending = true;
    this.#house.ending(close);
    this.wire.end(this, close);
    this.leave();
  }

  /** The socket is being closed for that already. */
  closing(close: CloseName): void {
    if (this.ended || this.#ending) return;
    this.#house.ending(close);
    this.leave();
  }

  /** The socket is gone or going: nothing is written to it any more. */
  leave(): void {
    if (this.ended) return;
    this.state = 'ended';
    this.held = undefined;
    this.wake();
    this.#house.left(this);
  }
}
