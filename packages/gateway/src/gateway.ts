/**
 * The gateway: holds the sockets of devices. All it knows it can lose: who is connected stands in its sockets, what they
 * must get stands in Redis.
 */
import type { Socket } from 'node:net';
import {
  type Bus,
  type Cluster,
  type Heartbeat,
  parseTarget,
  type Registry,
  type Subscriptions,
  steadyNow,
} from '@encke/cluster';
import {
  type CloseName,
  encodeFrame,
  type LegacyConnect,
  type Node,
  newNode,
  sessionId,
} from '@encke/protocol';
import { type Context, OutageLog } from '@encke/service';
import type { WebSocket } from 'ws';
import { CatchUp } from './catch-up.ts';
import { Channels } from './channels.ts';
import { Departures } from './departures.ts';
import type { Desk } from './desk.ts';
import { Entrance } from './entrance.ts';
import type { House } from './house.ts';
import { Hub } from './hub.ts';
import { legacyWire } from './legacy/index.ts';
import { Counts, exposeCounts, type Timings } from './metrics.ts';
import type { Opening } from './opening.ts';
import { forwardedAddress, Peers } from './peer.ts';
import { Receipts } from './receipts.ts';
import { Registrations } from './registrations.ts';
import { Session } from './session.ts';
import type { Tokens } from './token.ts';
import type { Doors } from './upgrade.ts';
import { v1Wire } from './v1/index.ts';
import { Wheel } from './wheel.ts';
import type { Wire } from './wire.ts';

/** Milliseconds between two steps of a paced drain. */
const DRAIN_STEP = 100;
/** Of the drain time; the rest is for the last receipts and departures. */
const DRAIN_SHARE = 0.75;

type SocketWithSession = WebSocket & { session: Session };

export class Gateway implements House, Doors {
  readonly node: Node = newNode();
  readonly pingInterval: number;
  readonly pongTimeout: number;
  readonly sendBuffer: number;
  readonly receipts: Receipts;
  readonly #context: Context;
  readonly #counts = new Counts();
  readonly #timings: Timings;
  readonly #hub: Hub;
  readonly #registry: Registry;
  readonly #bus: Bus;
  readonly #heartbeat: Heartbeat;
  readonly #departures: Departures;
  readonly #catchUp: CatchUp;
  readonly #registrations: Registrations;
  readonly #entrance: Entrance;
  readonly #wheel: Wheel<Session>;
  readonly #v1: Wire;
  readonly #legacy: Wire;
  readonly #oldLegacy: Wire;
  readonly #cluster: Cluster;
  readonly #channels: Channels;
  readonly #peers = new Peers();
  readonly #open = new Set<Session>();
  readonly #pruning = new Set<string>();
  #sessionCounter = 0;
  #draining = false;

  constructor(context: Context, cluster: Cluster, tokens: Tokens) {
    const { config } = context;
    this.#context = context;
    this.#cluster = cluster;
    this.pingInterval = config.pingInterval * 1000;
    this.pongTimeout = config.pongTimeout * 1000;
    this.sendBuffer = config.sendBuffer;
    this.#timings = exposeCounts(context.metrics, this.#counts, cluster.stats, {
      depth: () => this.#unconfirmed(),
      subscriptions: () => this.#channels.subscriptions,
    });
    cluster.observeRoundTrips(this.#timings.roundTrip);
    const registry = (): Registry => this.#registry;
    this.receipts = new Receipts(registry);
    this.#departures = new Departures(registry);
    this.#catchUp = new CatchUp(cluster.inbox, registry, config.sendBuffer, this.fault);
    this.#registrations = this.#openRegistrations(registry);
    this.#hub = this.#openHub();
    const joined = cluster.join(
      this.node,
      this.#hub,
      () => this.#forgotten(),
      () => ({ ...this.#counts, unconfirmed: this.#unconfirmed() }),
    );
    this.#registry = joined.registry;
    this.#bus = joined.bus;
    this.#heartbeat = joined.heartbeat;
    this.#channels = this.#openChannels(() => joined.subscriptions);
    this.#entrance = this.#openEntrance(registry, tokens);
    const { fault } = this;
    const desk: Desk = { cluster, channels: this.#channels, maxMessage: config.maxMessage, fault };
    this.#v1 = v1Wire(this.#entrance, desk);
    this.#legacy = legacyWire(this.node, false, desk);
    this.#oldLegacy = legacyWire(this.node, true, desk);
    const shortest = Math.min(this.pingInterval, this.pongTimeout);
    const grain = Math.max(20, Math.min(1_000, Math.floor(shortest / 8)));
    this.#wheel = new Wheel(grain, Math.max(this.pingInterval, this.pongTimeout, 10_000));
  }

  #openRegistrations(registry: () => Registry): Registrations {
    return new Registrations({
      registry,
      connected: () => this.#cluster.connected(),
      held: (target) => this.#hub.held(target).length,
      stray: (target) => this.#prune(target),
      settled: () => this.#departures.settled(),
      behind: (session) => this.#catchUp.start(session),
      departed: (session) => this.#departures.add(session),
      fault: this.fault,
    });
  }

  #openHub(): Hub {
    return new Hub({
      behind: (session) => {
        this.#counts.gaps += 1;
        this.#catchUp.start(session);
      },
      crowded: (session) => this.#catchUp.start(session),
      stray: (target) => this.#prune(target),
      busUp: () => this.#busUp(),
      busDown: (why) => this.#context.log.warn({ why }, 'bus lost'),
      busLag: this.#timings.busLag,
      channels: () => this.#channels,
    });
  }

  #openEntrance(registry: () => Registry, tokens: Tokens): Entrance {
    const outages = new OutageLog(this.#context.log, 'devices are not let in');
    return new Entrance({
      hub: this.#hub,
      catchUp: this.#catchUp,
      tokens,
      registry,
      count: (outcome) => {
        this.#counts.attaches[outcome] += 1;
        if (outcome === 'authorized') this.#counts.sessions += 1;
      },
      outage: (why) => outages.refused(why),
      cameOnline: () => {
        this.#counts.usersOnline += 1;
      },
      departed: (session) => this.#departures.add(session),
      register: (session) => void this.#registrations.one(session),
    });
  }

  #openChannels(subscriptions: () => Subscriptions): Channels {
    const { config, log } = this.#context;
    return new Channels({
      cluster: this.#cluster.channels,
      sendBuffer: config.sendBuffer,
      subscriptions,
      delivered: (count) => {
        this.#counts.channelDelivered += count;
      },
      gap: () => {
        this.#counts.channelGaps += 1;
      },
      fault: (err) => log.error({ err }, 'channel fault'),
    });
  }

  /** Messages written to devices that have not confirmed them yet. */
  #unconfirmed(): number {
    let sum = 0;
    for (const session of this.#hub.sessions()) sum += session.sent - session.confirmed;
    return sum;
  }

  async start(): Promise<void> {
    this.#wheel.start();
    this.#bus.start();
    await this.#heartbeat.start();
  }

  unready(): string | undefined {
    if (this.#draining) return 'draining';
    const away = this.#cluster.unready();
    if (away === undefined && !this.#bus.up()) return 'the bus is not subscribed';
    return away;
  }

  // Doors

  closed(): string | undefined {
    return this.#draining ? 'This node is going away.' : undefined;
  }

  v1(ws: WebSocket, socket: Socket, request: Opening): void {
    this.#take(this.#v1, ws, socket, request);
  }

  legacy(ws: WebSocket, socket: Socket, request: Opening, connect: LegacyConnect): void {
    const wire = connect.old ? this.#oldLegacy : this.#legacy;
    const session = this.#take(wire, ws, socket, request);
    const { app, user, key, device } = connect;
    session.state = 'attaching';
    this.#entrance
      .admit(session, { app, user, key, device, resume: undefined })
      .catch((error: unknown) => this.fault(error, session));
  }

  #take(wire: Wire, ws: WebSocket, socket: Socket, request: Opening): Session {
    this.#sessionCounter += 1;
    const id = sessionId(this.node, this.#sessionCounter);
    const peer = this.#peers.of(request.headers);
    const address = forwardedAddress(request, this.#context.config.trustedProxies);
    const session = new Session(id, wire, ws, socket, this, peer, address);
    (ws as SocketWithSession).session = session;
    ws.on('message', onMessage);
    ws.on('ping', onPing);
    ws.on('pong', onPong);
    ws.on('close', onClose);
    ws.on('error', onError);
    this.#counts.connections += 1;
    this.#open.add(session);
    this.#wheel.add(session, Math.min(this.pingInterval, 1_000));
    return session;
  }

  // House

  dirty(session: Session): void {
    this.#hub.dirty(session);
  }

  delivered(time: number, queued: boolean): void {
    this.#counts.delivered += 1;
    if (queued) this.#counts.redelivered += 1;
    else this.#timings.delivery(Math.max(0, Date.now() - time) / 1000);
  }

  ending(close: CloseName): void {
    this.#counts.closes[close] = (this.#counts.closes[close] ?? 0) + 1;
  }

  left(session: Session): void {
    this.#counts.connections -= 1;
    this.#open.delete(session);
    this.#channels.left(session);
    if (session.target === '') return;
    this.#hub.remove(session);
    if (session.admitted) this.#counts.sessions -= 1;
    this.receipts.left(session);
    if (session.registered) this.#departures.add(session);
  }

  /** A bug, or an outage where none was expected, ends one session, not the node. */
  fault = (error: unknown, session: Session): void => {
    this.#counts.faults += 1;
    this.#context.log.error(
      { err: error, session: session.id, state: session.state },
      'session fault',
    );
    session.end('internal');
  };

  /** Redis may believe in a session of that user here that does not exist: an attach or detach that was lost, or its answer. */
  #prune(target: string): void {
    if (this.#pruning.has(target)) return;
    this.#pruning.add(target);
    const { app, user } = parseTarget(target);
    this.#registry
      .prune(app, user, this.#hub.held(target))
      .catch(() => {})
      .finally(() => this.#pruning.delete(target));
  }

  #busUp(): void {
    this.#counts.busUps += 1;
    const sessions = this.#registerAll();
    if (this.#counts.busUps > 1) this.#context.log.info({ sessions }, 'bus back');
  }

  #forgotten(): void {
    const sessions = this.#registerAll();
    this.#context.log.warn({ sessions }, 'Redis had forgotten this node');
  }

  /** The bus is back, or Redis forgot this node: the gateway is the truth about its sessions. [D3] @returns how many. */
  #registerAll(): number {
    const sessions = [...this.#hub.sessions()];
    void this.#registrations.all(sessions);
    this.#channels.registerAgain();
    return sessions.length;
  }

  /** Closes the sockets spread over the drain time, each with a hint when to come back. */
  async drain(): Promise<void> {
    this.#draining = true;
    const time = this.#context.config.drainSeconds * 1000 * DRAIN_SHARE;
    const began = steadyNow();
    const total = this.#open.size;
    let away = 0;
    while (this.#open.size > 0) {
      const share = (steadyNow() - began + DRAIN_STEP) / time;
      for (const session of this.#open) {
        if (share < 1 && away >= total * share) break;
        away += 1;
        this.#sendAway(session);
      }
      await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP));
    }
    await this.receipts.flush();
    await Promise.race([
      this.#settled(),
      new Promise((resolve) => setTimeout(resolve, 2_000).unref()),
    ]);
  }

  /** Redis has heard of everybody who left. */
  async #settled(): Promise<void> {
    await Promise.all([this.#departures.settled(), this.#channels.settled()]);
  }

  #sendAway(session: Session): void {
    if (session.wire === this.#v1) {
      const reconnectIn = Math.round(Math.random() * 1_000);
      session.push(encodeFrame({ type: 'going-away', reconnectIn }));
    }
    session.end('drain');
  }

  async stop(): Promise<void> {
    this.#wheel.stop();
    this.receipts.stop();
    for (const session of this.#open) {
      session.ws.terminate();
      session.leave();
    }
    this.#bus.stop();
    const settled = await Promise.race([
      this.#settled().then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, 1_000, false).unref()),
    ]);
    // With sessions left in the registry, the node is left to be found dead and swept.
    await this.#heartbeat.stop(settled);
    await this.#cluster.close();
  }
}

function onMessage(this: WebSocket, data: Buffer, binary: boolean): void {
  const { session } = this as SocketWithSession;
  if (!session.ended) session.receive(data, binary);
}

/** `ws` has answered it. A peer that asks and asks and does not read is cut. */
function onPing(this: WebSocket): void {
  const { session } = this as SocketWithSession;
  if (!session.ended) session.guard();
}

function onPong(this: WebSocket, payload: Buffer): void {
  (this as SocketWithSession).session.pong(payload.toString('latin1'));
}

function onClose(this: WebSocket): void {
  (this as SocketWithSession).session.leave();
}

/** What `ws` finds and closes by itself, with the right code. All else that breaks RFC 6455 counts as a bad frame. */
const closedByWs: Readonly<Record<string, CloseName>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'tooBig',
  WS_ERR_INVALID_UTF8: 'notUtf8',
};

/** A reset needs no answer. */
function onError(this: WebSocket, { code = '' }: NodeJS.ErrnoException): void {
  const { session } = this as SocketWithSession;
  if (code.startsWith('WS_ERR_')) session.closing(closedByWs[code] ?? 'badFrame');
}
