/**
 * One client's connection, from its greeting to its end. Reads no faster than its commands are carried out and its
 * answers are taken, so that what it may hold in memory is bounded: one statement, one answer, and little besides.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Client, House } from './client.ts';
import { personal, workOf } from './commands/index.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { Entrance, type Entry } from './entrance.ts';
import type { SqlFault } from './outcome.ts';
import { Pipeline, type Work } from './pipeline.ts';
import { answer, type Style } from './wire/answer.ts';
import { fullPacket } from './wire/constants.ts';
import {
  badHandshake,
  inactive,
  malformed,
  outOfOrder,
  ownFault,
  tooLarge,
} from './wire/faults.ts';
import { Malformed } from './wire/fields.ts';
import { type Packet, PacketReader } from './wire/packet-reader.ts';

/** Payload bytes of a packet before the login: names, a password and what clients say about themselves. */
const introductionLimit = 65_535;
/** Of a command: all that fits into one packet. */
const commandLimit = fullPacket - 1;
/** Milliseconds between an error that ends the connection and the end, for the client to read it. */
const farewell = 1_000;

export class Connection {
  readonly id: number;
  readonly #house: House;
  readonly #entrance: Entrance;
  readonly #pipeline: Pipeline;
  readonly #reader = new PacketReader(introductionLimit);
  readonly #host: string;
  readonly #plain: Socket;
  #socket: Socket;
  #client: Client | undefined;
  /** A packet of a conversation about logging in is being judged. */
  #judging = false;
  /** Such a conversation is going on. */
  #entering = true;
  /** Taken from the reader, to be looked at again when all commands before it have ended. */
  #held: Packet | undefined;
  #draining = false;
  #ended = false;
  #corked = false;
  #advancing = false;
  #deadline: NodeJS.Timeout | undefined;
  #waits = 0;
  #since = performance.now();

  constructor(house: House, socket: Socket, id: number) {
    this.#house = house;
    this.id = id;
    this.#plain = socket;
    this.#socket = socket;
    this.#host = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    this.#entrance = new Entrance(house, id);
    this.#pipeline = new Pipeline({
      write: (bytes) => this.#write(bytes),
      blocked: () => this.#socket.writableNeedDrain,
      settled: () => this.#advance(),
      broken: (error) => this.#broken(error),
    });
    this.#deadline = setTimeout(() => this.#late(), house.patience.login);
    this.#listen(socket);
    this.#write(this.#entrance.greeting());
  }

  info(): ConnectionInfo | undefined {
    const { user, database } = this.#client?.caller ?? {};
    if (user === undefined || database === undefined) return undefined;
    const command = this.#pipeline.idle ? 'Sleep' : 'Query';
    const seconds = Math.floor((performance.now() - this.#since) / 1_000);
    return { id: this.id, user, host: this.#host, database, command, seconds };
  }

  /** Finishes what runs, and closes. */
  drain(): void {
    this.#draining = true;
    this.#advance();
  }

  /** At once, with what waits to be written lost. */
  destroy(): void {
    this.#plain.destroy();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      if (this.#ended) return;
      this.#reader.push(chunk);
      this.#advance();
    });
    socket.on('drain', () => {
      this.#pipeline.proceed();
      this.#advance();
    });
    socket.on('timeout', () => this.#timeOut());
    socket.on('error', () => this.#plain.destroy());
    socket.on('close', () => this.#closed());
  }

  /** Takes packets for as long as there are some and room for what they ask. */
  #advance(): void {
    // An answer that is known at once comes back here: the loop that took its command goes on anyway.
    if (this.#ended || this.#advancing) return;
    this.#advancing = true;
    try {
      while (!this.#ended && !this.#mustWait()) {
        const packet = this.#held ?? this.#reader.next();
        if (packet === undefined) break;
        this.#held = undefined;
        this.#take(packet);
      }
    } catch (error) {
      if (error instanceof Malformed) this.#end(malformed, 1);
      else this.#broken(error);
    } finally {
      this.#advancing = false;
    }
    if (!this.#ended) this.#adjust();
  }

  #mustWait(): boolean {
    if (this.#judging || this.#draining || this.#socket.writableNeedDrain) return true;
    return this.#pipeline.full || (this.#held !== undefined && !this.#pipeline.idle);
  }

  #take(packet: Packet): void {
    if (this.#entering) this.#enter(packet);
    else if (packet.oversized)
      this.#add(packet, answer(packet.sequence + 1, tooLarge, this.#style));
    else if (packet.sequence !== 0 || packet.payload.length === 0) this.#end(outOfOrder, 1);
    else this.#obey(packet);
  }

  get #style(): Style {
    return this.#client ?? { capabilities: 0 };
  }

  #obey(packet: Packet): void {
    const { payload } = packet;
    const wish = personal(payload);
    if (wish !== undefined && !this.#pipeline.idle) {
      this.#held = packet;
    } else if (wish === 'quit') {
      this.#close();
    } else if (wish === 'change user') {
      this.#entering = true;
      this.#deadline = setTimeout(() => this.#late(), this.#house.patience.login);
      this.#judge(this.#entrance.change(packet));
    } else if (this.#client) {
      this.#add(packet, workOf(this.#client, payload, packet.sequence + 1));
    }
  }

  #add({ payload }: Packet, work: Work): void {
    if (this.#pipeline.idle) this.#since = performance.now();
    this.#pipeline.add(work, payload.length);
  }

  #enter(packet: Packet): void {
    if (packet.oversized) {
      this.#house.logins.malformed += 1;
      this.#end(badHandshake, packet.sequence + 1);
      return;
    }
    this.#judge(this.#entrance.accept(packet));
  }

  #judge(entry: Promise<Entry>): void {
    this.#judging = true;
    entry
      .then((known) => {
        this.#judging = false;
        if (this.#ended) return;
        this.#proceed(known);
        this.#advance();
      })
      .catch((error: unknown) => {
        if (!(error instanceof Malformed)) return this.#broken(error);
        this.#house.logins.malformed += 1;
        this.#end(badHandshake, 2);
      });
  }

  #proceed(entry: Entry): void {
    switch (entry.kind) {
      case 'tls':
        this.#secure();
        break;
      case 'more':
        this.#write(entry.send);
        break;
      case 'in':
        clearTimeout(this.#deadline);
        this.#entering = false;
        this.#client = entry.client;
        this.#since = performance.now();
        this.#reader.trust(commandLimit);
        this.#write(entry.send);
        break;
      case 'out':
        this.#close(entry.send);
        break;
    }
  }

  #secure(): void {
    const plain = this.#plain;
    const { secureContext } = this.#house;
    for (const event of ['data', 'drain', 'timeout']) plain.removeAllListeners(event);
    plain.setTimeout(0);
    plain.pause();
    this.#waits = 0;
    // What the client has sent already are the first bytes of its TLS.
    const rest = this.#reader.rest();
    if (rest.length > 0) plain.unshift(rest);
    this.#socket = new TLSSocket(plain, {
      isServer: true,
      ...(secureContext && { secureContext }),
    });
    this.#entrance.secured();
    this.#listen(this.#socket);
  }

  /** Many small answers of one tick leave in one write. */
  #write(bytes: Buffer): void {
    const socket = this.#socket;
    if (this.#ended || socket.destroyed) return;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  }

  /** Reading on or not, and how long the peer may do nothing. */
  #adjust(): void {
    const waiting = this.#mustWait();
    if (waiting) this.#socket.pause();
    else this.#socket.resume();
    const taken = !this.#socket.writableNeedDrain;
    if (this.#draining && this.#pipeline.idle && taken && !this.#judging) this.#close();
    const { stalled, idle } = this.#house.patience;
    const waits = !taken || this.#reader.partial ? stalled : idle;
    if (waits === this.#waits) return;
    this.#waits = waits;
    // Node starts this time anew whenever a byte was read, or taken by the peer.
    this.#socket.setTimeout(waits);
  }

  #timeOut(): void {
    if (this.#socket.writableNeedDrain) this.destroy();
    else if (this.#pipeline.idle) this.#end(inactive, 0);
  }

  #late(): void {
    this.#house.logins.late += 1;
    this.destroy();
  }

  #broken(error: unknown): void {
    const app = this.#client?.caller.app;
    this.#house.failures.fault(error, { app, connection: this.id });
    this.#end(ownFault, 1);
  }

  #end(fault: SqlFault, sequence: number): void {
    this.#close(answer(sequence & 0xff, fault, this.#style));
  }

  /** After the last packets, which the client gets some time to read: what it still sends is thrown away meanwhile. */
  #close(last: Buffer = Buffer.alloc(0)): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pipeline.close();
    clearTimeout(this.#deadline);
    const socket = this.#socket;
    socket.resume();
    socket.end(last);
    this.#deadline = setTimeout(() => this.destroy(), farewell);
  }

  #closed(): void {
    this.#ended = true;
    this.#pipeline.close();
    clearTimeout(this.#deadline);
    this.#client?.statements.clear();
  }
}
