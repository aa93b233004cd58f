import type { Asks } from './asks.ts';
import type { Channel } from './channel.ts';
import { report, run } from './emitter.ts';
import type { AskOptions, Handler, ListenOptions, Unsubscribe, UserStatus } from './events.ts';

/** Whether a user is online, on whatever gateway. */
export class Presence {
  readonly user: number;
  private readonly channel: Channel;
  private readonly asks: Asks;

  /** @internal `client.presence(user)` makes one. */
  constructor(user: number, channel: Channel, asks: Asks) {
    this.user = user;
    this.channel = channel;
    this.asks = asks;
  }

  /** The state now. Rejects with an EnckeError, or the reason of the signal. */
  async get(options?: AskOptions): Promise<UserStatus> {
    const { user } = this;
    const { online, lastSeen } = await this.asks.ask({ type: 'user-status', user }, options);
    return { user, online, lastSeen: lastSeen === null ? null : lastSeen * 1000 };
  }

  /** The present state as soon as it is known, then each change. */
  on(handler: Handler<UserStatus>, { signal }: ListenOptions = {}): Unsubscribe {
    let last: boolean | undefined;
    const over = new AbortController();
    const end = () => {
      over.abort();
      signal?.removeEventListener('abort', end);
    };
    const tell = (status: UserStatus) => {
      if (over.signal.aborted || status.online === last) return;
      last = status.online;
      run(handler, status);
    };
    // Asked when it is told from now on, so that no change falls between the two.
    const ask = () => {
      const before = last;
      this.get(over).then(
        // An answer that a change has overtaken may be older than that.
        (status) => before === last && tell(status),
        (error) => over.signal.aborted || error.code === 'closed' || report(error),
      );
    };
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
    this.channel.listen('presence', tell, over);
    this.channel.listen('subscribed', ask, over);
    // Another handler did that already.
    if (this.channel.subscribed) ask();
    return end;
  }
}
