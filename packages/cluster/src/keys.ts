/**
 * Every Redis key and bus channel. `{p}` is the partition of the user or channel, written as a hash tag, so that one
 * script touches one slot. Lifetimes: see each line.
 */
import type { App, Channel, Node, User } from '@encke/protocol';

/** Fixed for ever: keys of a running installation depend on it. */
export const PARTITIONS = 128;

/** `app:user`, the name of a user in bus lines and sets. */
export const target = (app: App, user: User): string => `${app}:${user}`;

/** FNV-1a over the target. */
export function partitionOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (PARTITIONS - 1);
}

const statusChannel = /^(\d+:)user_status_([1-9]\d{0,8})$/;

/** Of `app:channel`. A user's status lies with the user: the script that settles it tells its subscribers. */
export const channelPartition = (name: string): number =>
  partitionOf(name.replace(statusChannel, '$1$2'));

/** `app:channel`, the name of a channel in bus lines and sets. */
export const channelTarget = (app: App, channel: Channel): string => `${app}:${channel}`;

const parts = (name: string): [app: App, rest: string] => {
  const colon = name.indexOf(':');
  return [Number(name.slice(0, colon)) as App, name.slice(colon + 1)];
};

/** A target taken apart. */
export function parseTarget(name: string): { app: App; user: User } {
  const [app, user] = parts(name);
  return { app, user: Number(user) as User };
}

/** A channel's target taken apart. */
export function parseChannelTarget(name: string): { app: App; channel: Channel } {
  const [app, channel] = parts(name);
  return { app, channel: channel as Channel };
}

export type UserKeys = ReturnType<Keys['user']>;
export type ChannelKeys = ReturnType<Keys['channel']>;

export class Keys {
  readonly #tagged: readonly string[];
  readonly nodes: string;
  readonly loads: string;
  readonly accepted: string;
  readonly jobs: string;

  constructor(prefix: string) {
    this.#tagged = Array.from({ length: PARTITIONS }, (_, p) => `${prefix}:{${p}}:`);
    /** zset node → last heartbeat (ms). Writer: gateways; reader: worker, status. Lifetime: until the node leaves or is swept. */
    this.nodes = `${prefix}:{nodes}`;
    /** hash node → `<uptime ms> <sessions> <connections> <unconfirmed>` at that heartbeat. Reader: status. Lifetime: as long. */
    this.loads = `${prefix}:{nodes}:load`;
    /** string: messages accepted. Writer: all that accept, once a second; reader: status. Lifetime: for ever. */
    this.accepted = `${prefix}:{nodes}:accepted`;
    /** Prefix of BullMQ's own keys, one slot. */
    this.jobs = `${prefix}:{jobs}`;
  }

  #tag(partition: number): string {
    return this.#tagged[partition] as string;
  }

  /** The keys of one user. */
  user(name: string, partition = partitionOf(name)) {
    const tag = this.#tag(partition);
    return {
      partition,
      /** string: the auth hash. Writer: ingest, cometql; reader: attach, cometql. Lifetime: as given, else until deleted. */
      auth: `${tag}auth:${name}`,
      /** hash: epoch, seqs, last seen (see lua/include/record.lua). Lifetime: 90 days after the last message or attach. */
      record: `${tag}user:${name}`,
      /** stream `<ms>-<seq>` of m `<event> <data>`, x expires (ms). Writer: append. Lifetime: the longest ttl in it; capped. */
      inbox: `${tag}inbox:${name}`,
      /** hash session → `<since ms> <device>`. Writer: attach, register. Lifetime: until detached, dropped or swept. */
      sessions: `${tag}sessions:${name}`,
      /** hash session → `<seq> <0, or end of the resume window> <device>`. Lifetime: resume window after the last session. */
      cursors: `${tag}cursors:${name}`,
      /** string: the first answer to an idempotency key. Lifetime: one hour. */
      idempotency: (key: string) => `${tag}idem:${name}:${key}`,
    };
  }

  /** set of targets with a session on the node. Writer: attach, register; reader: sweep. Lifetime: until detached or swept. */
  nodeIndex(partition: number, node: string): string {
    return `${this.#tag(partition)}node:${node}`;
  }

  /** set of targets that count as online, the grace included. Writer: attach, register; settle-offline removes. */
  online(partition: number): string {
    return `${this.#tag(partition)}online`;
  }

  /** The route of the channel on which the user's coming and going is told. */
  watchers(name: string, partition: number): string {
    return this.route(name.replace(':', ':user_status_'), partition);
  }

  /** string: the user's public data, JSON text. Writer: ingest, cometql. Lifetime: until deleted. */
  data(name: string, partition: number): string {
    return `${this.#tag(partition)}data:${name}`;
  }

  /**
   * Revoked tokens of the users of this partition. `tokens`: hash digest → token; `ends`: zset digest → when it may be
   * forgotten (ms). Writer: revoke; reader: attach, register. Lifetime: until the last token has expired.
   */
  revoked(partition: number, app: App) {
    const key = `${this.#tag(partition)}revoked:${app}`;
    return { tokens: key, ends: `${key}:ends` };
  }

  /** zset target → when its offline grace ends (ms). Writer: detach, drop; reader: worker, status, and who asks for a user. */
  leaving(partition: number): string {
    return `${this.#tag(partition)}leaving`;
  }

  /** hash node → subscribers there, of `app:channel`. Writer: report; reader: publish, presence. Lifetime: until they leave. */
  route(name: string, partition = channelPartition(name)): string {
    return `${this.#tag(partition)}route:${name}`;
  }

  /** The other keys of one channel, `app:channel`. */
  channel(name: string, partition = channelPartition(name)) {
    const tag = this.#tag(partition);
    return {
      partition,
      route: this.route(name, partition),
      /** hash session → `<user> <device> <details>`, node → how many of these. Writer: report, sweep. Lifetime: until they leave or are swept. */
      members: `${tag}members:${name}`,
      /** hash: settings and position (see lua/include/channel-record.lua). Writer: settings, publish. Lifetime: until the settings are removed. */
      record: `${tag}channel:${name}`,
      /** stream `<ms>-<seq>` of m `<id> <user> <session> <event> <data>`. Writer: publish. Capped: the newest 0 to 99. */
      history: `${tag}history:${name}`,
    };
  }

  /** set of `app:channel` with members on the node. Writer: report; reader: sweep. Lifetime: until they leave or are swept. */
  nodeChannels(partition: number, node: string): string {
    return `${this.#tag(partition)}channels:${node}`;
  }

  /** set of `app:channel` whose members on the node were announced as gone. Writer: sweep; reader: report. Lifetime: 1 hour. */
  nodeSwept(partition: number, node: string): string {
    return `${this.#tag(partition)}swept:${node}`;
  }

  /** What a bus channel of this partition begins with; the node follows. */
  bus(partition: number): string {
    return `${this.#tag(partition)}bus:`;
  }

  busChannels(node: Node): string[] {
    return this.#tagged.map((tag) => `${tag}bus:${node}`);
  }
}
