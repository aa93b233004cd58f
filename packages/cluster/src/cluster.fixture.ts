import {
  type App,
  type Channel,
  type Device,
  newNode,
  type Session,
  type User,
} from '@encke/protocol';
import { Appender } from './append.ts';
import { Bus, type BusHandlers, type BusMessage } from './bus.ts';
import type { ChannelMessage } from './channel-message.ts';
import { Channels, type Member } from './channels.ts';
import { Commands } from './commands.ts';
import type { ClusterConfig } from './config.ts';
import type { Context } from './context.ts';
import { Inbox } from './inbox.ts';
import { Keys } from './keys.ts';
import { Heartbeat, Sweeper } from './nodes.ts';
import { Registry } from './registry.ts';
import { Stats } from './stats.ts';
import { type SubscriptionChange, Subscriptions } from './subscriptions.ts';
import { Users } from './users.ts';

let installs = 0;
let users = 0;
let sessions = 0;

export const app = 1 as App;
/** A user that no other test of the file has. */
export const newUser = (): User => {
  users += 1;
  return users as User;
};
export const phone = 'phone' as Device;
export const laptop = 'laptop' as Device;

/** The parts of the package around one Redis, with a key prefix of their own. Durations in seconds. */
export async function openTestCluster(url: string, over: Partial<ClusterConfig> = {}) {
  installs += 1;
  const config: ClusterConfig = {
    redis: { url, mode: 'single' },
    prefix: `t${process.pid}-${installs}`,
    offlineTtl: 600,
    inboxMax: 1000,
    resumeWindow: 60,
    deviceLimit: 16,
    offlineGrace: 3,
    pingInterval: 25,
    pongTimeout: 10,
    ...over,
  };
  const stats = new Stats();
  const commands = new Commands(config.redis);
  const context: Context = {
    config,
    commands,
    keys: new Keys(config.prefix),
    deadlines: commands.deadlines,
    stats,
  };
  for (let i = 0; i < 5 && !commands.available(); i += 1) await commands.connected();
  const appender = new Appender(context);
  const inbox = new Inbox(context);
  const nodes: { stop(): void }[] = [];
  return {
    config,
    context,
    stats,
    inbox,
    users: new Users(context),
    channels: new Channels(context),
    sweeper: () => new Sweeper(context),
    keysOf: (user: User) => context.keys.user(`${app}:${user}`),
    /** A command on the command connection. */
    redis: (name: string, key: string, ...rest: (string | number)[]) =>
      context.commands.send([name, key, ...rest]),
    append: (user: User, data: string, more: { ttl?: number; idempotencyKey?: string } = {}) =>
      appender.append({ app, user, event: 'e', data: JSON.stringify(data), ...more }),
    undelivered: async (user: User) =>
      (await inbox.undelivered(app, user)).map(({ data }) => JSON.parse(data) as string),
    /** A gateway without sockets: `listens` false is one that died, or has not subscribed. */
    async node({ listens = true } = {}) {
      const started = await startNode(context, listens);
      nodes.push(started);
      return started;
    },
    async stop() {
      for (const node of nodes) node.stop();
      await context.commands.close();
    },
  };
}

export type TestCluster = Awaited<ReturnType<typeof openTestCluster>>;

const browser = {
  agent: 'Ä "agent" 1',
  ip: '::1',
  origin: 'https://a.example',
  language: 'de, en',
};

/** What is not named is empty; `count` is absolute. */
const reporter =
  (subscriptions: Subscriptions) =>
  (
    channel: Channel,
    count: number,
    change: Partial<Pick<SubscriptionChange, 'joined' | 'kept' | 'left'>> = {},
  ) =>
    subscriptions.report({ app, channel, count, joined: [], kept: [], left: [], ...change });

/** What the bus says, kept. */
function listener() {
  const messages: BusMessage[] = [];
  const evicted: string[] = [];
  const closed: string[] = [];
  const heard: { target: string; message: ChannelMessage }[] = [];
  /** Who came to and left tracked channels. */
  const moves: string[] = [];
  const revoked: string[] = [];
  const presences: string[] = [];
  const handlers: Omit<BusHandlers, 'up'> = {
    message: (message) => messages.push(message),
    evicted: (_target, session) => evicted.push(session),
    close: (target, reason) => closed.push(`${target} ${reason}`),
    channel: (target, message) => heard.push({ target, message }),
    membership: (target, change, { session, user, device }) =>
      moves.push(`${target} ${change} ${session} ${user} ${device}`),
    revoked: (target, digest) => revoked.push(`${target} ${digest}`),
    presence: (channel, online) => presences.push(`${channel} ${online ? 'online' : 'offline'}`),
    down: () => {},
    lag: () => {},
  };
  const kept = { messages, evicted, closed, heard, moves, revoked, presences };
  return { kept, handlers };
}

async function startNode(context: Context, listens: boolean) {
  const node = newNode();
  const { kept, handlers } = listener();
  let subscribed = (): void => {};
  const up = new Promise<void>((resolve) => {
    subscribed = resolve;
  });
  const bus = new Bus(context, node, { ...handlers, up: () => subscribed() });
  if (listens) {
    bus.start();
    await up;
  }
  const registry = new Registry(context, node);
  const subscriptions = new Subscriptions(context, node);
  const newSession = (user: User, device: Device) => {
    sessions += 1;
    return { app, user, device, session: `${node}.${sessions}` as Session };
  };
  return {
    id: node,
    registry,
    subscriptions,
    bus,
    ...kept,
    newSession,
    report: reporter(subscriptions),
    /** A new socket of this node, as a channel sees it. */
    newMember: (user: User | 0): Member => {
      const { session, device } = newSession(user as User, phone);
      return { session, user, device, ...browser };
    },
    heartbeat: (forgotten: () => void = () => {}) =>
      new Heartbeat(context, node, forgotten, () => ({
        sessions: 2,
        connections: 3,
        unconfirmed: 1,
      })),
    /** Attaches a new session by the key `key`, which the test has stored. */
    async attach(user: User, device: Device, resume?: { epoch: string; seq: number }) {
      const ref = newSession(user, device);
      const order = { ...ref, key: 'key', ...(resume && { resume }) };
      const attached = await registry.attach(order);
      if (!attached) throw new Error('refused');
      return { ...attached, ref, seqs: attached.page.entries.map(({ seq }) => seq) };
    },
    stop: () => bus.stop(),
  };
}

export type TestNode = Awaited<ReturnType<typeof startNode>>;
