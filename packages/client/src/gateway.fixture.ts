/** For tests: a gateway whose every frame the test sends itself, on a real WebSocket server. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { ClientFrame, Hello, ServerFrame } from '@encke/protocol';
import { v1 } from '@encke/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

export const epoch = 'abcdefghij';

/** Hands out what came, in order; waits for what has not come yet. */
class Queue<T> {
  private readonly values: T[] = [];
  private readonly takers: ((value: T) => void)[] = [];

  put(value: T): void {
    const taker = this.takers.shift();
    if (taker) taker(value);
    else this.values.push(value);
  }

  take(): Promise<T> {
    const value = this.values.shift();
    return value === undefined
      ? new Promise((resolve) => this.takers.push(resolve))
      : Promise.resolve(value);
  }

  get size(): number {
    return this.values.length;
  }
}

/** One socket of a client, seen from the server. */
export class Visit {
  readonly url: string;
  readonly socket: WebSocket;
  /** Resolves with the close code. */
  readonly ended: Promise<number>;
  private readonly frames = new Queue<ClientFrame>();

  constructor(socket: WebSocket, url: string) {
    this.socket = socket;
    this.url = url;
    this.ended = once(socket, 'close').then(([code]) => code);
    socket.on('message', (data) => this.frames.put(JSON.parse(String(data))));
  }

  next(): Promise<ClientFrame> {
    return this.frames.take();
  }

  /** Frames that came and were not taken. */
  get waiting(): number {
    return this.frames.size;
  }

  async hello(): Promise<Hello> {
    const frame = await this.next();
    if (frame.type !== 'hello') throw new Error(`${frame.type} before hello`);
    return frame;
  }

  send(...frames: ServerFrame[]): void {
    for (const frame of frames) this.socket.send(JSON.stringify(frame));
  }

  /** Takes the hello and answers it as authorised. */
  async welcome(seq = 0, resumed = false, inEpoch = epoch): Promise<Hello> {
    const hello = await this.hello();
    this.send({
      type: 'ready',
      authorized: true,
      session: 'node1.1',
      epoch: inEpoch,
      seq,
      resumed,
    });
    return hello;
  }

  async refuse(): Promise<Hello> {
    const hello = await this.hello();
    this.send({ type: 'ready', authorized: false, session: 'node1.2', resumed: false });
    return hello;
  }

  message(seq: number, data: unknown = `m${seq}`, event = '', inEpoch = epoch): void {
    this.send({ type: 'message', seq, id: `${inEpoch}-${seq}`, event, data, time: 1 });
  }
}

export interface ScriptedGateway {
  readonly url: string;
  /** The next socket that a client opens. */
  visit(): Promise<Visit>;
  /** Sockets that came and were not taken. */
  readonly waiting: number;
  stop(): Promise<void>;
}

export async function startGateway(): Promise<ScriptedGateway> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => offered.has(v1.subprotocol) && v1.subprotocol,
  });
  await once(server, 'listening');
  const visits = new Queue<Visit>();
  server.on('connection', (socket, request) => {
    visits.put(new Visit(socket, request.url ?? ''));
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visit: () => visits.take(),
    get waiting() {
      return visits.size;
    },
    stop: async () => {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}
