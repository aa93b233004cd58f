/** Who is connected where: what a gateway tells Redis about its sessions. */
import {
  type App,
  type Device,
  type Node,
  newEpoch,
  type Position,
  type Session,
  type User,
} from '@encke/protocol';
import { ms, retention } from './config.ts';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { type Page, parsePage } from './inbox.ts';
import { target, type UserKeys } from './keys.ts';
import { listed } from './listed.ts';
import type { Argument } from './script-call.ts';
import { scripts } from './scripts.ts';
import { entryFault, RedisUnavailable } from './unavailable.ts';
import { type CloseReason, parseCloseReason } from './users.ts';

/** Sessions in one script call at most: Redis serves nobody else meanwhile. */
const ACK_GROUP = 100;

export interface SessionRef {
  readonly app: App;
  readonly user: User;
  readonly session: Session;
  readonly device: Device;
}

/** A JWT that was verified. */
export interface Token {
  /** See `tokenDigest`. */
  readonly digest: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

export interface AttachOrder extends SessionRef {
  /** The auth hash; undefined with a token. */
  readonly key: string | undefined;
  readonly token?: Token | undefined;
  readonly resume?: Position | undefined;
}

export interface Attached {
  readonly epoch: string;
  /** Where this session is served from. */
  readonly cursor: number;
  /** false: something may have been missed, or the device is new. */
  readonly resumed: boolean;
  /** The user was offline before. */
  readonly cameOnline: boolean;
  /** Milliseconds since 1970, by Redis. */
  readonly since: number;
  readonly page: Page;
}

export interface RegisterOrder extends SessionRef {
  readonly token?: Token | undefined;
  readonly since: number;
  readonly epoch: string;
  /** Last seq it was sent, and its time (ms; 0 when not known). */
  readonly sent: number;
  readonly sentTime: number;
  readonly cursor: number;
}

export interface DetachOrder extends SessionRef {
  /** The epoch that the session knows; in any other the registry knows its cursor better. */
  readonly epoch: string;
  readonly cursor: number;
}

export interface Registered {
  readonly epoch: string;
  /** The user's last seq. */
  readonly last: number;
  /** The user's sessions on this node, as Redis knows them. */
  readonly sessions: number;
}

export interface AckOrder extends SessionRef {
  readonly epoch: string;
  /** Everything up to here is confirmed. */
  readonly seq: number;
  /** The newest confirmed message whose time is known, and that time (ms); 0: none. */
  readonly timed: number;
  readonly time: number;
  /** Where the device would continue; undefined: what Redis was told last is near enough. */
  readonly cursor: number | undefined;
  /** Up to here nothing was left to send behind what had been confirmed, so nobody confirms it now; absent: 0. */
  readonly passed?: number;
}

export class Registry {
  readonly #context: Context;
  readonly node: Node;

  constructor(context: Context, node: Node) {
    this.#context = context;
    this.node = node;
  }

  /** @returns undefined when the key is wrong, the user unknown or the token revoked. @throws RedisUnavailable */
  async attach(order: AttachOrder): Promise<Attached | undefined> {
    const { config, keys } = this.#context;
    const name = target(order.app, order.user);
    const user = keys.user(name);
    const names = [user.auth, ...this.#names(order, name, user)];
    const values = await runGuarded(this.#context, scripts.attach, user.partition, names, [
      name,
      order.session,
      this.node,
      order.device,
      order.key ?? '',
      order.token?.digest ?? '',
      order.resume?.epoch ?? '',
      order.resume?.seq ?? '',
      ...this.#limits(user),
      retention(config),
    ]);
    const [now, answer] = values;
    if (answer === 0) return undefined;
    const [epoch = '', cursor, resumed, cameOnline, ...page] = String(answer).split(' ');
    return {
      epoch,
      cursor: Number(cursor),
      resumed: resumed === '1',
      cameOnline: cameOnline === '1',
      since: Number(now),
      page: parsePage(page, values, 2, this.#context),
    };
  }

  /** The keys by which a session stands in the registry, as attach and register name them. */
  #names(
    { app, token }: { readonly app: App; readonly token?: Token | undefined },
    name: string,
    { partition, record, inbox, sessions, cursors }: UserKeys,
  ): string[] {
    const { keys } = this.#context;
    const names = [
      record,
      inbox,
      sessions,
      cursors,
      keys.nodeIndex(partition, this.node),
      keys.leaving(partition),
      keys.online(partition),
      keys.watchers(name, partition),
    ];
    if (token) names.push(keys.revoked(partition, app).ends);
    return names;
  }

  #limits({ partition }: UserKeys): Argument[] {
    const { config, keys } = this.#context;
    return [
      config.deviceLimit,
      keys.bus(partition),
      newEpoch(),
      ms(config.resumeWindow),
      ms(config.offlineGrace),
    ];
  }

  /**
   * The gateway holds this session, whatever Redis thinks.
   * @returns the epoch and last seq of the user, or why the session must end: the gateway did not hear it when told.
   */
  async register(order: RegisterOrder): Promise<Registered | CloseReason> {
    const { commands, keys } = this.#context;
    const name = target(order.app, order.user);
    const user = keys.user(name);
    const names = this.#names(order, name, user);
    const reply = await commands.run(scripts.register, names, [
      name,
      order.session,
      order.device,
      order.since,
      order.epoch,
      order.sent,
      order.cursor,
      ...this.#limits(user),
      order.sentTime,
      order.token?.digest ?? '',
    ]);
    const [epoch, last, sessions = 0] = reply as [string, number?, number?];
    return last === undefined ? parseCloseReason(epoch) : { epoch, last, sessions };
  }

  async detach(order: DetachOrder): Promise<void> {
    const { commands, config, keys } = this.#context;
    const name = target(order.app, order.user);
    const user = keys.user(name);
    await commands.run(
      scripts.detach,
      [
        user.record,
        user.sessions,
        user.cursors,
        keys.nodeIndex(user.partition, this.node),
        keys.leaving(user.partition),
      ],
      [
        name,
        order.session,
        this.node,
        order.device,
        order.epoch,
        order.cursor,
        ms(config.resumeWindow),
        ms(config.offlineGrace),
      ],
    );
  }

  /** Confirms messages of many sessions in few script calls, in a Cluster one a partition, all in one round trip. */
  async ack(orders: readonly AckOrder[]): Promise<void> {
    const { commands, config, keys, stats } = this.#context;
    const calls: { names: string[]; args: Argument[] }[] = [];
    const open = new Map<number, { names: string[]; args: Argument[] }>();
    for (const order of orders) {
      const user = keys.user(target(order.app, order.user));
      const place = commands.clustered ? user.partition : 0;
      let call = open.get(place);
      if (!call || call.names.length >= ACK_GROUP * 3) {
        call = { names: [], args: [retention(config)] };
        open.set(place, call);
        calls.push(call);
      }
      call.names.push(user.record, user.inbox, user.cursors);
      const { epoch, seq, timed, time, cursor, session, device, passed = 0 } = order;
      call.args.push(epoch, seq, timed, time, cursor ?? '', session, device, passed);
    }
    const replies = await Promise.all(
      calls.map(({ names, args }) => commands.run(scripts.ack, names, args)),
    );
    let refused: RedisUnavailable | undefined;
    for (const reply of replies as (number | string)[][]) {
      for (let i = 0; i < reply.length; i += 2) {
        const fresh = reply[i] ?? 0;
        stats.expired += Number(reply[i + 1]);
        if (typeof fresh === 'number') {
          stats.confirmed += fresh;
          continue;
        }
        // A fault in the keys of one user is not mended by asking again.
        const fault = entryFault('ack', fresh);
        if (fault instanceof RedisUnavailable) refused = fault;
      }
    }
    if (refused) throw refused;
  }

  /** The users, `app:user`, of whom Redis believes that this node holds a session. @throws RedisUnavailable */
  users(): Promise<string[]> {
    const { keys } = this.#context;
    return listed(this.#context, (partition) => keys.nodeIndex(partition, this.node));
  }

  /** Removes this node's sessions of a user but those it holds: one that a lost answer left behind. */
  async prune(app: App, user: User, held: readonly Session[]): Promise<void> {
    await sweepUser(this.#context, this.node, target(app, user), held);
  }
}

/** Takes a node's sessions of one user out of the registry, but those it still holds. */
export async function sweepUser(
  context: Context,
  node: string,
  name: string,
  held: readonly string[],
): Promise<number> {
  const { commands, config, keys } = context;
  const user = keys.user(name);
  const reply = await commands.run(
    scripts.sweepUser,
    [
      user.record,
      user.sessions,
      user.cursors,
      keys.nodeIndex(user.partition, node),
      keys.leaving(user.partition),
    ],
    [name, node, ms(config.resumeWindow), ms(config.offlineGrace), ...held],
  );
  return Number(reply);
}
