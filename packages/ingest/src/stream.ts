import type { Append, Cluster, Publish } from '@encke/cluster';
import type { App } from '@encke/protocol';
import type { WebSocket } from '@fastify/websocket';
import type { Failures } from './failures.ts';
import { appendedFields } from './message.ts';
import { goingAway, isProblem, type Problem } from './problem.ts';
import { publishedFields } from './publish.ts';
import { parseLine } from './stream-line.ts';

/** How a stream is ended from here. Too big (1009) and not UTF-8 (1007) are closed by `ws` itself. */
const streamClose = {
  goingAway: [1001, 'going away'],
  binary: [1003, 'text frames only'],
} as const;

/** Lines without an answer, and characters in them, at which reading pauses; it goes on at half. */
const maxInflight = 1_000;
const maxCharacters = 1_048_576;

/** What a stream needs from its process. */
export interface StreamHome {
  readonly cluster: Cluster;
  readonly failures: Failures;
  /** Bytes of one message. */
  readonly maxMessage: number;
  /** Bytes of unread answers at which reading pauses; it goes on at half. */
  readonly sendBuffer: number;
  /** Milliseconds of silence before a ping, and after it before the peer counts as dead. */
  readonly pingInterval: number;
  readonly pongTimeout: number;
}

/**
 * One application server's stream. Memory is bounded whatever the peer does: one frame waits to be cut
 * into lines, at most `maxInflight` lines wait for Redis or for the next write, and unread answers stop
 * the reading. TCP then passes the pressure on.
 */
export class Stream {
  readonly #home: StreamHome;
  readonly #socket: WebSocket;
  readonly #app: App;
  /** Frames not yet cut into lines, and how far the first one is cut. */
  readonly #frames: string[] = [];
  #offset = 0;
  #answers: string[] = [];
  #inflight = 0;
  /** Of lines that wait for Redis. */
  #characters = 0;
  #flushing = false;
  #paused = false;
  #draining = false;
  #heard = performance.now();
  /** When the ping was sent that nothing has answered yet. */
  #pinged: number | undefined;

  constructor(home: StreamHome, socket: WebSocket, app: App) {
    this.#home = home;
    this.#socket = socket;
    this.#app = app;
    const heard = () => this.#alive();
    socket.on('message', (data: Buffer, binary) => this.#read(data, binary));
    socket.on('pong', heard);
    socket.on('ping', heard);
  }

  /** Lines taken whose answer is not written yet. */
  get inflight(): number {
    return this.#inflight;
  }

  /** Answers what Redis has, refuses what it has not, then closes with 1001. */
  drain(): void {
    this.#draining = true;
    this.#pause();
    this.#advance();
    this.#endDrain();
  }

  /** Called every second. A peer that neither sends nor answers a ping is gone: half-open TCP, or stuck. */
  check(now: number): void {
    const { pingInterval, pongTimeout } = this.#home;
    // While reading waits for Redis, a pong could not be heard.
    if (this.#paused && this.#socket.bufferedAmount === 0) this.#alive();
    if (this.#pinged !== undefined) {
      if (now - this.#pinged >= pongTimeout) this.#socket.terminate();
    } else if (now - this.#heard >= pingInterval) {
      this.#pinged = now;
      this.#socket.ping();
    }
  }

  #alive(): void {
    this.#heard = performance.now();
    this.#pinged = undefined;
  }

  #read(data: Buffer, binary: boolean): void {
    this.#alive();
    if (this.#draining || this.#socket.readyState !== this.#socket.OPEN) return;
    if (binary) {
      this.#socket.close(...streamClose.binary);
      return;
    }
    this.#frames.push(data.toString());
    // Frames that shared a TCP segment still come after a pause: they wait their turn.
    if (!this.#paused) this.#advance();
  }

  #full(part: 1 | 2): boolean {
    return (
      this.#inflight >= maxInflight / part ||
      this.#characters >= maxCharacters / part ||
      this.#socket.bufferedAmount >= this.#home.sendBuffer / part
    );
  }

  /** Takes lines until there is none left or one of the limits is reached. */
  #advance(): void {
    for (let frame = this.#frames[0]; frame !== undefined; frame = this.#frames[0]) {
      while (this.#offset < frame.length) {
        if (this.#full(1)) {
          this.#pause();
          return;
        }
        const end = frame.indexOf('\n', this.#offset);
        const line = frame.slice(this.#offset, end < 0 ? undefined : end);
        this.#offset = end < 0 ? frame.length : end + 1;
        if (line.trim() !== '') this.#take(line);
      }
      this.#frames.shift();
      this.#offset = 0;
    }
  }

  #take(text: string): void {
    this.#inflight += 1;
    const size = text.length;
    this.#characters += size;
    const { ref, message } = parseLine(this.#app, text, this.#home.maxMessage);
    if (isProblem(message)) this.#refuse(ref, message, size);
    else if (this.#draining) this.#refuse(ref, goingAway, size);
    else if ('channel' in message) this.#publish(ref, message, size);
    else this.#append(ref, message, size);
  }

  #append(ref: string, message: Append, size: number): void {
    const { cluster, failures } = this.#home;
    cluster.append(message).then(
      (appended) => this.#answer(`{"ref":${ref},${appendedFields(appended)}}`, size),
      (error: unknown) => {
        const { app, user } = message;
        const problem = failures.problem(error, 'message', { app, user, route: 'stream' });
        this.#refuse(ref, problem, size);
      },
    );
  }

  #publish(ref: string, message: Publish, size: number): void {
    const { cluster, failures } = this.#home;
    cluster.channels.publish(message).then(
      (published) => this.#answer(`{"ref":${ref},${publishedFields(published)}}`, size),
      (error: unknown) => {
        const { app, channel } = message;
        const problem = failures.problem(error, 'publish', { app, channel, route: 'stream' });
        this.#refuse(ref, problem, size);
      },
    );
  }

  #refuse(ref: string, problem: Problem, size: number): void {
    this.#answer(`{"ref":${ref},"error":${JSON.stringify(problem)}}`, size);
  }

  /** Answers of one turn of the event loop go out in one frame. `size`: characters of the line that is answered. */
  #answer(line: string, size: number): void {
    this.#characters -= size;
    this.#answers.push(line);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    this.#flushing = false;
    this.#inflight -= answers.length;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(answers.join('\n'), this.#written);
    this.#continue();
  }

  readonly #written = (error?: Error | null): void => {
    if (error) return;
    // The peer takes its answers, so it lives, though we may not be reading its pongs.
    if (this.#paused) this.#alive();
    this.#continue();
  };

  #pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  #continue(): void {
    if (this.#paused && !this.#full(2)) {
      this.#paused = false;
      this.#advance();
      if (!this.#paused && !this.#draining) this.#socket.resume();
    }
    this.#endDrain();
  }

  #endDrain(): void {
    if (!this.#draining || this.#inflight > 0 || this.#frames.length > 0) return;
    this.#socket.close(...streamClose.goingAway);
    // The peer's half of the closing handshake has to be read.
    this.#socket.resume();
  }
}
