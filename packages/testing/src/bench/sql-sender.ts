/** An application server of a benchmark that speaks SQL: bare packets, so that the client takes little of the machine. */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { microseconds } from './device.ts';
import { apiKey, type Target } from './sender.ts';

export interface SqlOrder extends Target {
  readonly messages: number;
  readonly connections: number;
  /** Rows of one INSERT. */
  readonly rows: number;
}

const text = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.';
/** Protocol 4.1, secure connection, plugin. */
const capabilities = 512 | 32_768 | 524_288;

const sha1 = (...parts: readonly (Buffer | string)[]): Buffer => {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function packet(sequence: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(payload.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, payload]);
}

function introduction(greeting: Buffer, app: number): Buffer {
  const at = greeting.indexOf(0) + 5;
  const scramble = Buffer.concat([
    greeting.subarray(at, at + 8),
    greeting.subarray(at + 27, at + 39),
  ]);
  const once = sha1(apiKey);
  const mask = sha1(scramble, sha1(once));
  const proof = Buffer.from(once.map((byte, i) => byte ^ (mask[i] ?? 0)));
  const head = Buffer.alloc(32);
  head.writeUInt32LE(capabilities, 0);
  head[8] = 45;
  const names = [Buffer.from(`${app}\0`), Buffer.from([proof.length]), proof];
  return packet(1, Buffer.concat([head, ...names, Buffer.from('mysql_native_password\0')]));
}

/** One statement at a time. */
class SqlConnection {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #resolve: (payload: Buffer) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('cometql closed the connection')));
  }

  async enter(app: number): Promise<void> {
    const greeting = await this.#answer();
    await this.#ask(introduction(greeting, app));
  }

  insert(statement: string): Promise<void> {
    return this.#ask(packet(0, Buffer.from(`\u0003${statement}`)));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(bytes: Buffer): Promise<void> {
    const answered = this.#answer();
    this.#socket.write(bytes);
    const answer = await answered;
    if (answer[0] !== 0) throw new Error(`cometql answered ${answer.toString('latin1', 1)}`);
  }

  #answer(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #read(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length < 4) return;
    const end = 4 + this.#bytes.readUIntLE(0, 3);
    if (this.#bytes.length < end) return;
    const payload = this.#bytes.subarray(4, end);
    this.#bytes = this.#bytes.subarray(end);
    this.#resolve(payload);
  }
}

/** Devices read when a message was sent from its data, which is about 120 bytes. */
const row = (user: number): string =>
  `(${user},'chat','{"sent":${Math.round(microseconds())},"from":4711,"text":"${text}"}')`;

/** @returns the seconds from the first statement to the last answer. */
export async function sendSql(order: SqlOrder): Promise<{ seconds: number }> {
  const { port, app, first, count, messages, rows } = order;
  const connections = Array.from({ length: order.connections }, () => new SqlConnection(port));
  await Promise.all(connections.map((connection) => connection.enter(app)));
  let sent = 0;
  const started = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      while (sent < messages) {
        const values: string[] = [];
        for (; values.length < rows && sent < messages; sent++)
          values.push(row(first + (sent % count)));
        await connection.insert(
          `INSERT INTO users_messages (id, event, message) VALUES ${values.join(',')}`,
        );
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  for (const connection of connections) connection.close();
  return { seconds };
}
