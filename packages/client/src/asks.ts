import { type ChannelServerFrame, limits, type Refused } from '@encke/protocol';
import { EnckeError } from './errors.ts';
import type { AskOptions } from './events.ts';
import type { Request } from './tabs/words.ts';

/** Milliseconds until an answer has to be there, the wait for a connection included. */
const patience = 15_000;

type Unnumbered<R> = R extends Request ? Omit<R, 'ref'> : never;
type AnswerTo<T> = Extract<ChannelServerFrame, { type: T extends 'publish' ? 'published' : T }>;

interface Ask {
  readonly frame: Request;
  sent: boolean;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
}

const closed = 'the client is closed';

/** Questions and publishes under way. A question outlives its connection; a publish that was sent does not. */
export class Asks {
  private readonly tab: string;
  private readonly post: (frame: Request) => void;
  private readonly pending = new Map<string, Ask>();
  private online = false;
  private closed = false;
  private count = 0;

  constructor(tab: string, post: (frame: Request) => void) {
    this.tab = tab;
    this.post = post;
  }

  /** Rejects with an EnckeError, or the reason of the signal. */
  ask<R extends Unnumbered<Request>>(
    request: R,
    { signal }: AskOptions = {},
  ): Promise<AnswerTo<R['type']>> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.closed) throw new EnckeError('closed', closed);
      this.count += 1;
      const ref = `${this.tab}:${this.count}`;
      const end = () => {
        this.pending.delete(ref);
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      const abort = () => fail(signal?.reason);
      const timer = setTimeout(
        () => fail(new EnckeError('timeout', `no answer to ${request.type} in time`)),
        patience,
      );
      signal?.addEventListener('abort', abort);
      const ask: Ask = {
        frame: { ...request, ref } as Request,
        sent: false,
        resolve: (answer) => {
          end();
          resolve(answer);
        },
        reject: fail,
      };
      this.pending.set(ref, ask);
      if (this.online) this.send(ask);
    });
  }

  /** A frame with a `ref`. */
  answer(frame: { readonly ref?: string | number }): void {
    const ask = this.pending.get(String(frame.ref));
    const { type, code, message } = frame as Refused;
    if (type === 'refused') ask?.reject(new EnckeError(code, message));
    else ask?.resolve(frame as never);
  }

  resume(): void {
    this.online = true;
    for (const ask of this.pending.values()) this.send(ask);
  }

  pause(): void {
    this.online = false;
    for (const ask of this.pending.values()) {
      if (ask.sent && ask.frame.type === 'publish')
        ask.reject(
          new EnckeError('interrupted', 'the connection was lost; it may have been published'),
        );
      ask.sent = false;
    }
  }

  close(): void {
    this.closed = true;
    for (const ask of this.pending.values()) ask.reject(new EnckeError('closed', closed));
  }

  /** Once a connection, however often that is said to be ready. */
  private send(ask: Ask): void {
    if (ask.sent) return;
    ask.sent = true;
    try {
      // [V11] The server would end the connection, which is that of all tabs.
      if (new TextEncoder().encode(JSON.stringify(ask.frame)).length > limits.clientFrame)
        throw new EnckeError('bad-request', '`data` is too long');
      this.post(ask.frame);
    } catch (error) {
      // That, or the app's data cannot be JSON.
      ask.reject(error);
    }
  }
}
