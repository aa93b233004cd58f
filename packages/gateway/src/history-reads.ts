/**
 * Reads the histories of channels for many sockets that ask at the same time: of one channel one read is under way, and
 * who asks meanwhile shares the next one, so that nobody gets an answer from before the question.
 */
import { type Channels, channelTarget, type History } from '@encke/cluster';
import type { App, Channel } from '@encke/protocol';

export class HistoryReads {
  readonly #channels: Channels;
  readonly #current = new Map<string, Promise<unknown>>();
  readonly #next = new Map<string, Promise<History>>();

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  /** Everything the channel keeps. @throws RedisUnavailable */
  read(app: App, channel: Channel): Promise<History> {
    const name = channelTarget(app, channel);
    const shared = this.#next.get(name);
    if (shared !== undefined) return shared;
    const read = this.#after(name, app, channel);
    this.#next.set(name, read);
    return read;
  }

  async #after(name: string, app: App, channel: Channel): Promise<History> {
    // Those who ask in the same tick share it in any case.
    await this.#current.get(name);
    this.#next.delete(name);
    const read = this.#channels.history(app, channel);
    const done = read.then(
      () => {},
      () => {},
    );
    this.#current.set(name, done);
    void done.then(() => {
      if (this.#current.get(name) === done) this.#current.delete(name);
    });
    return read;
  }
}
