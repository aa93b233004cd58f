/** An application server of a benchmark: sends in each of the ways that ingest offers. */
import { connect, type Socket } from 'node:net';
import { ClientSocket, opcode } from './client-socket.ts';
import { hashOf, microseconds } from './device.ts';

export const apiKey = 'bench-api-key';

export interface Target {
  /** Of ingest. */
  readonly port: number;
  readonly app: number;
  /** Users `first` to `first + count - 1`, in turn. */
  readonly first: number;
  readonly count: number;
}

export interface SendOrder extends Target {
  readonly way: 'single' | 'batch' | 'stream';
  readonly messages: number;
  /** Requests, or lines of the stream, without an answer. */
  readonly atOnce: number;
}

export interface PaceOrder extends Target {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Messages in one batch. */
export const BATCH = 100;

/** As a line of a request's head. */
export const authorization = `Authorization: Bearer ${apiKey}\r\n`;
const text = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.';

/** The fields of one message; its data takes about 120 bytes. */
function fields(): string {
  const sent = Math.round(microseconds());
  return `"event":"chat","data":{"sent":${sent},"from":4711,"text":"${text}"}`;
}

/** One keep-alive connection, one request at a time. */
class HttpConnection {
  readonly #socket: Socket;
  #answer = '';
  #resolve: (answer: string) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1').on('data', (chunk: string) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('ingest closed the connection')));
  }

  /** @returns the whole answer. */
  request(method: string, path: string, body: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}Content-Type: application/json\r\n` +
          `Content-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }

  #read(chunk: string): void {
    this.#answer += chunk;
    const end = this.#answer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [, length = '0'] = /content-length: (\d+)/i.exec(this.#answer) ?? [];
    if (this.#answer.length < end + 4 + Number(length)) return;
    const answer = this.#answer;
    this.#answer = '';
    if (!/^HTTP\/1\.1 20[24]/.test(answer) || answer.includes('"error"')) {
      this.#reject(new Error(`ingest answered ${answer.slice(0, 300)}`));
    } else {
      this.#resolve(answer);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Makes requests over `atOnce` connections until `next` has no more. */
async function overHttp(
  port: number,
  atOnce: number,
  next: () => [method: string, path: string, body: string] | undefined,
): Promise<void> {
  const connections = Array.from({ length: atOnce }, () => new HttpConnection(port));
  try {
    await Promise.all(
      connections.map(async (connection) => {
        for (let request = next(); request; request = next()) await connection.request(...request);
      }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Stores the hashes with which devices sign in. */
export async function setHashes({ port, app, first, count }: Target): Promise<void> {
  let user = first;
  await overHttp(port, 16, () => {
    if (user >= first + count) return undefined;
    const body = `{"hash":"${hashOf(user)}"}`;
    return ['PUT', `/v1/apps/${app}/users/${user++}/auth`, body];
  });
}

async function sendSingly({ port, app, first, count, messages, atOnce }: SendOrder): Promise<void> {
  let sent = 0;
  await overHttp(port, atOnce, () => {
    if (sent >= messages) return undefined;
    const path = `/v1/apps/${app}/users/${first + (sent++ % count)}/messages`;
    return ['POST', path, `{${fields()}}`];
  });
}

async function sendBatches(order: SendOrder): Promise<void> {
  const { port, app, first, count, messages, atOnce } = order;
  let sent = 0;
  await overHttp(port, atOnce, () => {
    if (sent >= messages) return undefined;
    const items: string[] = [];
    for (; items.length < BATCH && sent < messages; sent++) {
      items.push(`{"user":${first + (sent % count)},${fields()}}`);
    }
    return ['POST', `/v1/apps/${app}/messages`, `[${items.join(',')}]`];
  });
}

/** A stream; `answered` is called with the number of new answers. */
class StreamConnection {
  readonly #target: Target;
  readonly #socket: ClientSocket;
  readonly open: Promise<void>;
  sent = 0;
  fault: string | undefined;

  constructor(target: Target, answered: (answers: number) => void) {
    this.#target = target;
    let opened = () => {};
    this.open = new Promise((resolve) => {
      opened = resolve;
    });
    const head = `GET /v1/apps/${target.app}/stream HTTP/1.1\r\n${authorization}`;
    this.#socket = new ClientSocket(target.port, head, {
      open: opened,
      frame: (code, bytes, from, to) => {
        if (code !== opcode.text) return;
        const lines = bytes.toString('latin1', from, to);
        if (lines.includes('"error"')) this.fault ??= lines.slice(0, 300);
        answered(lines.split('\n').length);
      },
      closed: (why) => {
        this.fault ??= why;
        opened();
        answered(0);
      },
    });
  }

  /** Sends so many lines in one frame. */
  send(lines: number): void {
    const { first, count } = this.#target;
    const all: string[] = [];
    for (let i = 0; i < lines; i++, this.sent++) {
      all.push(`{"ref":${this.sent},"user":${first + (this.sent % count)},${fields()}}`);
    }
    this.#socket.send(opcode.text, all.join('\n'));
  }

  close(): void {
    this.#socket.close();
  }
}

/** As many new lines as there came answers: `atOnce` lines are always on their way. */
function sendStream(order: SendOrder): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = 0;
    const stream = new StreamConnection(order, (answers) => {
      done += answers;
      if (stream.fault !== undefined) reject(new Error(stream.fault));
      else if (done >= order.messages) resolve();
      else if (stream.sent < order.messages) {
        stream.send(Math.min(answers, order.messages - stream.sent));
        return;
      } else return;
      stream.close();
    });
    void stream.open.then(() => {
      if (stream.fault === undefined) stream.send(Math.min(order.atOnce, order.messages));
    });
  });
}

/** @returns the seconds from the first request to the last answer. */
export async function send(order: SendOrder): Promise<{ seconds: number }> {
  const started = performance.now();
  const ways = { single: sendSingly, batch: sendBatches, stream: sendStream };
  await ways[order.way](order);
  return { seconds: (performance.now() - started) / 1000 };
}

/** Lines over the stream at an even pace, whatever the answers do: those due within a millisecond share a frame. */
export async function pace(order: PaceOrder): Promise<{ sent: number }> {
  let answered = 0;
  const stream = new StreamConnection(order, (answers) => {
    answered += answers;
  });
  await stream.open;
  const started = performance.now();
  const total = order.perSecond * order.seconds;
  while ((stream.sent < total || answered < total) && stream.fault === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const elapsed = (performance.now() - started) / 1000;
    const due = Math.min(total, Math.floor(elapsed * order.perSecond)) - stream.sent;
    if (due > 0) stream.send(due);
    if (elapsed > order.seconds + 10) stream.fault = `${total - answered} lines without an answer`;
  }
  stream.close();
  if (stream.fault !== undefined) throw new Error(stream.fault);
  return { sent: stream.sent };
}
