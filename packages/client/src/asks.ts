import { type ChannelServerFrame, limits, type Refused } from '@encke/protocol';
import { EnckeError } from './errors.ts';
import type { AskOptions } from './events.ts';
import type { Link } from './link.ts';
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
  private readonly link: Link;
  private readonly pending = new Map<string, Ask>();
  private online = false;
  private closed = false;
  private count = 0;

  constructor(link: Link) {
    this.link = link;
  }

  /** Rejects with an EnckeError, or the reason of the signal. */
  async ask<R extends Unnumbered<Request>>(
    request: R,
    { signal }: AskOptions = {},
  ): Promise<AnswerTo<R['type']>> {
    signal?.throwIfAborted();
    if (this.closed) throw new EnckeError('closed', closed);
    this.count += 1;
    const ref = `${this.link.tab}:${this.count}`;
    let end = (): void => {};
    try {
      return await new Promise((resolve, reject) => {
        const abort = () => reject(signal?.reason);
        const timer = setTimeout(
          () => reject(new EnckeError('timeout', `no answer to ${request.type} in time`)),
          patience,
        );
        signal?.addEventListener('abort', abort);
        end = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
        };
        const ask: Ask = { frame: { ...request, ref } as Request, sent: false, resolve, reject };
        this.pending.set(ref, ask);
        if (this.online) this.send(ask);
      });
    } finally {
      this.pending.delete(ref);
      end();
    }
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
      if (new Blob([JSON.stringify(ask.frame)]).size > limits.clientFrame)
        throw new EnckeError('bad-request', '`data` is too long');
      this.link.post({ type: 'ask', frame: ask.frame });
    } catch (error) {
      // That, or the app's data cannot be JSON.
      ask.reject(error);
    }
  }
}
