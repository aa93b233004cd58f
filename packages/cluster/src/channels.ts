/** What an application server, and a gateway for its browsers, says to channels and asks of them. */
import {
  type App,
  type Channel,
  type Device,
  newEpoch,
  type Position,
  type Session,
  type User,
} from '@encke/protocol';
import { type ChannelMessage, parseChannelMessage } from './channel-message.ts';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { channelTarget } from './keys.ts';
import { type Publish, type Published, Publisher } from './publish.ts';
import { scripts } from './scripts.ts';

export interface History {
  /** Now; absent when the channel keeps none. */
  readonly position?: Position;
  /** How many messages the channel keeps. */
  readonly length: number;
  /** Nothing behind the position that was asked for is missing. */
  readonly complete: boolean;
  /** Oldest first. */
  readonly messages: ChannelMessage[];
}

/** A socket that is subscribed to a channel. */
export interface Member {
  readonly session: Session;
  /** 0: anonymous. */
  readonly user: User | 0;
  readonly device: Device;
  readonly agent: string;
  readonly ip: string;
  readonly origin: string;
  readonly language: string;
}

/** `<user> <device> <details>` */
export function packMember({ user, device, agent, ip, origin, language }: Member): string {
  return `${user} ${device} ${JSON.stringify([agent, ip, origin, language])}`;
}

function parseMember(session: string, text: string): Member {
  const a = text.indexOf(' ');
  const b = text.indexOf(' ', a + 1);
  const [agent, ip, origin, language] = JSON.parse(text.slice(b + 1)) as string[];
  return {
    session: session as Session,
    user: Number(text.slice(0, a)) as User | 0,
    device: text.slice(a + 1, b) as Device,
    agent: agent ?? '',
    ip: ip ?? '',
    origin: origin ?? '',
    language: language ?? '',
  };
}

/** Every promise rejects with RedisUnavailable within the command timeout when Redis is away. */
export class Channels {
  readonly #context: Context;
  readonly #publisher: Publisher;

  constructor(context: Context) {
    this.#context = context;
    this.#publisher = new Publisher(context);
  }

  #keys(app: App, channel: Channel) {
    return this.#context.keys.channel(channelTarget(app, channel));
  }

  /** Keeps the message, where the channel has a history, and tells its subscribers. */
  publish(message: Publish): Promise<Published> {
    return this.#publisher.publish(message);
  }

  /** What the channel keeps, or of that what is behind `after`. */
  async history(app: App, channel: Channel, after?: Position): Promise<History> {
    const { record, history } = this.#keys(app, channel);
    const reply = await this.#context.commands.run(
      scripts.readHistory,
      [record, history],
      [after?.epoch ?? '', after?.seq ?? 0, newEpoch()],
    );
    const [epoch, seq, length, complete, ...rest] = reply as [string, number, number, number];
    const entries = rest as string[];
    const messages: ChannelMessage[] = [];
    for (let i = 0; i + 1 < entries.length; i += 2) {
      messages.push(parseChannelMessage(epoch, entries[i] as string, entries[i + 1] as string));
    }
    const position = epoch !== '' && { position: { epoch, seq } };
    return { ...position, length, complete: complete === 1, messages };
  }

  /** @returns how many messages were removed. */
  async clearHistory(app: App, channel: Channel): Promise<number> {
    const { record, history, partition } = this.#keys(app, channel);
    const names = [record, history];
    const values = await runGuarded(this.#context, scripts.clearHistory, partition, names, ['']);
    return Number(values[1]);
  }

  /** How many messages the channel was told to keep; undefined when nothing was said. */
  async settings(app: App, channel: Channel): Promise<number | undefined> {
    const { record } = this.#keys(app, channel);
    const reply = await this.#context.commands.send(['hget', record, 'n']);
    return reply === null ? undefined : Number(reply);
  }

  /** Keeps the newest `length` messages, 0 to 99, from now on. What is above that goes at once. */
  async setHistory(app: App, channel: Channel, length: number): Promise<void> {
    const { record, history, partition } = this.#keys(app, channel);
    const args = [length, newEpoch()];
    await runGuarded(this.#context, scripts.setHistory, partition, [record, history], args);
  }

  /** The history goes too. @returns whether there were settings. */
  async removeSettings(app: App, channel: Channel): Promise<boolean> {
    const { record, history, partition } = this.#keys(app, channel);
    const names = [record, history];
    const values = await runGuarded(this.#context, scripts.clearHistory, partition, names, ['1']);
    return values[2] === 1;
  }

  /** Subscribed sockets on all nodes. */
  async count(app: App, channel: Channel): Promise<number> {
    const { route } = this.#keys(app, channel);
    const counts = (await this.#context.commands.send(['hvals', route])) as string[];
    return counts.reduce((sum, count) => sum + Number(count), 0);
  }

  /** The subscribed sockets of nodes that listen. */
  async members(app: App, channel: Channel): Promise<Member[]> {
    const { commands } = this.#context;
    const { route, members } = this.#keys(app, channel);
    const [nodes, all] = (await Promise.all([
      commands.send(['hkeys', route]),
      commands.send(['hgetall', members]),
    ])) as [string[], Record<string, string>];
    const listening = new Set(nodes);
    const list: Member[] = [];
    for (const [session, text] of Object.entries(all)) {
      const dot = session.indexOf('.');
      if (dot < 0 || !listening.has(session.slice(0, dot))) continue;
      list.push(parseMember(session, text));
    }
    return list;
  }
}
