/** Devices of `encke.v1`: private messages and their receipts. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { type WebSocket, WebSocketServer } from 'ws';
import { key, openRedis } from './redis.ts';

interface Frame {
  readonly type: string;
  readonly app: number;
  readonly user: number;
  readonly key: string;
  readonly seq: number;
}

/** Milliseconds in which receipts gather. */
const receiptDelay = 200;
const pingInterval = 25_000;

const redis = openRedis();
const node = randomUUID();
const sessions = new Map<string, Set<Session>>();
const confirmed = new Set<Session>();

class Session {
  readonly #id = randomUUID();
  readonly #socket: WebSocket;
  #app = 0;
  #user = 0;
  #acked = 0;
  #out: string[] = [];

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => this.#take(JSON.parse(String(text)) as Frame));
    socket.on('close', () => this.#leave());
    socket.on('error', () => {});
  }

  get #target(): string {
    return `${this.#app}:${this.#user}`;
  }

  #key(what: string): string {
    return key(this.#app, this.#user, what);
  }

  #take(frame: Frame): void {
    if (frame.type === 'hello') void this.#attach(frame);
    else if (frame.type === 'ack') {
      this.#acked = frame.seq;
      confirmed.add(this);
    }
  }

  async #attach({ app, user, key: hash }: Frame): Promise<void> {
    [this.#app, this.#user] = [app, user];
    const keys = ['auth', 'record', 'sessions', 'cursors'].map((what) => this.#key(what));
    const [epoch, seq] = await redis.attach(
      ...keys,
      ...[`users:${node}`, this.#key('inbox'), hash, this.#id, node, randomUUID(), this.#target],
    );
    if (epoch === undefined) return this.#socket.close(4001);
    const others = sessions.get(this.#target);
    if (others) others.add(this);
    else sessions.set(this.#target, new Set([this]));
    this.#socket.send(JSON.stringify({ type: 'ready', authorized: true, epoch, seq }));
  }

  deliver(frame: string): void {
    if (this.#out.push(frame) > 1) return;
    setImmediate(() => {
      this.#socket.send(this.#out.join('\n'));
      this.#out = [];
    });
  }

  confirm(): void {
    void redis.ack(this.#key('cursors'), this.#key('inbox'), this.#id, this.#acked);
  }

  #leave(): void {
    const others = sessions.get(this.#target);
    if (!others?.delete(this)) return;
    if (others.size === 0) sessions.delete(this.#target);
    const keys = [this.#key('sessions'), this.#key('cursors'), `users:${node}`];
    void redis.detach(...keys, this.#id, this.#target);
  }
}

function tell(line: string): void {
  const [target = '', epoch = '', id = '', event = ''] = line.split(' ', 4);
  const head = target.length + epoch.length + id.length + event.length + 4;
  const seq = id.slice(id.indexOf('-') + 1);
  const frame = `{"type":"message","seq":${seq},"id":"${id}","event":"${event}","data":${line.slice(head)}}`;
  for (const session of sessions.get(target) ?? []) session.deliver(frame);
}

/** @returns its port, and how many sockets it holds. */
export async function startGateway(): Promise<{ port: number; connections(): number }> {
  const bus = new Redis(process.env.ENCKE_REDIS_URL ?? '');
  bus.on('smessage', (_channel, line: string) => tell(line));
  await bus.ssubscribe(`bus:${node}`);
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => new Session(socket));
  setInterval(() => {
    for (const session of confirmed) session.confirm();
    confirmed.clear();
  }, receiptDelay);
  setInterval(() => {
    for (const socket of sockets.clients) socket.ping();
  }, pingInterval);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => sockets.clients.size };
}
