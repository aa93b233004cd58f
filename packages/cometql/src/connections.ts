/** All connections of this process: who may come in, who is there, and how they leave. */
import type { Socket } from 'node:net';
import type { House } from './client.ts';
import { Connection } from './connection.ts';
import type { ConnectionInfo } from './connection-info.ts';
import { answer } from './wire/answer.ts';
import { tooManyConnections } from './wire/faults.ts';

/** As many as an application with large pools on many machines has. */
const most = 2_000;

export class Connections {
  readonly #open = new Set<Connection>();
  readonly #most: number;
  #house: House | undefined;
  #lastId = 0;
  #refused = 0;
  #ended: () => void = () => {};

  constructor(limit = most) {
    this.#most = limit;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Connections over the limit. */
  get refused(): number {
    return this.#refused;
  }

  /** Those that have logged in. */
  list(): ConnectionInfo[] {
    const known: ConnectionInfo[] = [];
    for (const connection of this.#open) {
      const info = connection.info();
      if (info) known.push(info);
    }
    return known;
  }

  /** Must be called once, before the first connection. */
  settle(house: House): void {
    this.#house = house;
  }

  open(socket: Socket): void {
    if (this.#house === undefined || this.#open.size >= this.#most) {
      this.#refused += 1;
      socket.on('error', () => socket.destroy());
      socket.write(answer(0, tooManyConnections, { capabilities: 0 }));
      // Not left to the peer: those who do not leave would be connections without a limit.
      socket.destroySoon();
      return;
    }
    this.#lastId = (this.#lastId % 0xffffffff) + 1;
    const connection = new Connection(this.#house, socket, this.#lastId);
    this.#open.add(connection);
    socket.once('close', () => {
      this.#open.delete(connection);
      if (this.#open.size === 0) this.#ended();
    });
  }

  /** Resolves when all have finished what they do and are closed. */
  async drain(): Promise<void> {
    if (this.#open.size === 0) return;
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    for (const connection of [...this.#open]) connection.drain();
    await ended;
  }

  destroy(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }
}
