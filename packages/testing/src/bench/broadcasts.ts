/** The subscribers of channels, and who publishes to them: one process, so that a message can wait for the one before. */
import type { DeviceWire } from './device.ts';
import { LineStream } from './line-stream.ts';
import { type Audience, Subscriber } from './subscriber.ts';

export interface SubscribeOrder {
  /** Also the name of the group. */
  readonly channel: string;
  readonly wire: DeviceWire;
  /** Of the gateways, in turn. */
  readonly ports: readonly number[];
  readonly app: number;
  readonly count: number;
  /** Sockets on their way at most. */
  readonly atOnce: number;
}

export interface BroadcastOrder {
  readonly channel: string;
  readonly app: number;
  /** Of ingest. */
  readonly port: number;
  readonly messages: number;
  /** Messages at once; the next ones leave when all subscribers have heard these. */
  readonly burst: number;
}

/** Milliseconds without anything that was waited for. */
const SILENCE = 30_000;
const text = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.';

class Group implements Audience {
  readonly wire: DeviceWire;
  readonly app: number;
  readonly channel: string;
  readonly subscribers: Subscriber[] = [];
  readonly faults: string[] = [];
  /** Of what is waited for, how often it still has to happen. */
  #missing = 0;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};
  /** Messages published to the channel so far. */
  published = 0;

  constructor({ wire, app, channel }: SubscribeOrder) {
    this.wire = wire;
    this.app = app;
    this.channel = channel;
  }

  /** Resolves when it has happened so often; what happens is up to the caller. */
  wait(times: number): Promise<void> {
    this.#missing = times;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${this.#missing} of ${times} are missing after ${SILENCE / 1000} s`));
      }, SILENCE);
      this.#resolve = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#reject = (error) => {
        clearTimeout(timer);
        reject(error);
      };
    });
  }

  heard = (): void => {
    this.#missing -= 1;
    if (this.#missing === 0) this.#resolve();
  };

  ready = this.heard;

  fault(what: string): void {
    if (this.faults.length < 5) this.faults.push(what);
    this.#reject(new Error(this.faults.join('\n')));
  }
}

export class Broadcasts {
  readonly #groups = new Map<string, Group>();
  readonly #streams = new Map<string, LineStream>();

  /** Resolves when all have asked to be subscribed, on `encke.v1` when all are. */
  async subscribe(order: SubscribeOrder): Promise<void> {
    const { ports, count, atOnce } = order;
    const group = new Group(order);
    this.#groups.set(order.channel, group);
    while (group.subscribers.length < count) {
      const next = Math.min(atOnce, count - group.subscribers.length);
      const ready = group.wait(next);
      for (let i = 0; i < next; i++) {
        const counter = group.subscribers.length;
        const port = ports[counter % ports.length] as number;
        group.subscribers.push(new Subscriber(port, counter, group));
      }
      await ready;
    }
  }

  unsubscribe({ channel }: { channel: string }): void {
    for (const subscriber of this.#groups.get(channel)?.subscribers ?? []) subscriber.leave();
    this.#groups.delete(channel);
  }

  /** @returns the seconds from the first message to the last arrival. */
  async broadcast({ channel, app, port, messages, burst }: BroadcastOrder) {
    const group = this.#groups.get(channel);
    if (!group) throw new Error(`nobody is subscribed to ${channel}`);
    const stream = await this.#stream(app, port);
    const started = performance.now();
    for (let sent = 0; sent < messages; sent += burst) {
      const lines: string[] = [];
      for (let i = 0; i < burst; i++) {
        group.published += 1;
        const data = `{"n":${group.published},"from":4711,"text":"${text}"}`;
        lines.push(
          `{"ref":${group.published},"channel":"${channel}","event":"chat","data":${data}}`,
        );
      }
      const arrived = group.wait(burst * group.subscribers.length);
      // Nobody waits for it any more when the stream breaks.
      arrived.catch(() => {});
      stream.send(lines);
      await Promise.race([arrived, stream.broken]);
    }
    return { seconds: (performance.now() - started) / 1000 };
  }

  async #stream(app: number, port: number): Promise<LineStream> {
    const key = `${app} ${port}`;
    const known = this.#streams.get(key);
    if (known) return known;
    const stream = new LineStream(app, port);
    this.#streams.set(key, stream);
    await stream.open;
    return stream;
  }
}
