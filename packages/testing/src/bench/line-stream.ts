/** A stream to ingest whose answers matter only when they are faults. */
import { ClientSocket, opcode } from './client-socket.ts';
import { authorization } from './sender.ts';

export class LineStream {
  readonly #socket: ClientSocket;
  readonly open: Promise<void>;
  /** Rejects with the first fault; never resolves. */
  readonly broken: Promise<never>;

  constructor(app: number, port: number) {
    let opened = (): void => {};
    let fail = (_: Error): void => {};
    this.broken = new Promise<never>((_, reject) => {
      fail = reject;
    });
    // Perhaps nobody waits when it breaks; the next who sends finds out.
    this.broken.catch(() => {});
    const ready = new Promise<void>((resolve) => {
      opened = resolve;
    });
    this.open = Promise.race([ready, this.broken]);
    this.#socket = new ClientSocket(
      port,
      `GET /v1/apps/${app}/stream HTTP/1.1\r\n${authorization}`,
      {
        open: opened,
        frame: (code, bytes, from, to) => {
          if (code === opcode.ping) {
            this.#socket.send(opcode.pong, bytes.toString('latin1', from, to));
            return;
          }
          const lines = bytes.toString('latin1', from, to);
          if (lines.includes('"error"')) fail(new Error(lines.slice(0, 300)));
        },
        closed: (why) => fail(new Error(`the stream: ${why}`)),
      },
    );
  }

  /** In one frame. */
  send(lines: readonly string[]): void {
    this.#socket.send(opcode.text, lines.join('\n'));
  }
}
