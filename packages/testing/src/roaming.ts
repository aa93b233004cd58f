import { mayReconnect, type Position, type ServerFrame } from '@encke/protocol';
import { eventually } from './eventually.ts';
import { LegacyDevice, type LegacyFrame, randomUuid } from './legacy-device.ts';
import { type Closed, V1Device } from './v1-device.ts';

export interface RoamingOptions {
  /** `host:port` of the gateways to choose from; asked at every connect. */
  readonly gateways: () => readonly string[];
  readonly app?: number;
  readonly user: number;
  readonly key: string;
  /** The stable id: 32 characters, so that it fits both wires. */
  readonly device?: string;
  /** Milliseconds: a reconnect comes after a random part of this; 300 unless told. */
  readonly jitter?: number;
}

/** What an app sees through a client that comes back by itself. */
export interface RoamingDevice {
  readonly wire: 'v1' | 'legacy';
  readonly user: number;
  readonly device: string;
  /** Ids of the messages handed to the app, in the order in which it got them. */
  readonly received: string[];
  /** What these messages carried, as JSON text. */
  readonly data: string[];
  /** Private messages on the wire, second copies included. */
  onWire: number;
  /** How often the app was told that it may have missed something. */
  missed: number;
  connects: number;
  /** How the sockets ended. */
  readonly closes: Closed[];
  /** Connected, answered and authorised. */
  online: boolean;
  /** Resolves when it is online. */
  attached(timeout?: number): Promise<void>;
  /** Drops the TCP connection; the device comes back by itself. */
  drop(): void;
  /** Ends it for good. */
  stop(): Promise<void>;
}

/** One connection, as the loop below needs it. */
interface Connection {
  readonly authorized: Promise<boolean>;
  readonly closed: Promise<Closed>;
  readonly mayReturn: (closed: Closed) => boolean;
  drop(): Promise<void>;
}

type Dial = (address: string, self: RoamingDevice) => Connection;

function roam(wire: 'v1' | 'legacy', options: RoamingOptions, dial: Dial): RoamingDevice {
  const { gateways, user, device = randomUuid(), jitter = 300 } = options;
  let connection: Connection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const self: RoamingDevice = {
    wire,
    user,
    device,
    received: [],
    data: [],
    onWire: 0,
    missed: 0,
    connects: 0,
    closes: [],
    online: false,
    attached: (timeout) =>
      eventually(
        () => {
          if (!self.online) throw new Error(`device ${device} of user ${user} is not online`);
        },
        { timeout: timeout ?? 10_000 },
      ),
    drop: () => void connection?.drop(),
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await connection?.drop();
    },
  };
  const open = () => {
    const all = gateways();
    const address = all[Math.floor(Math.random() * all.length)];
    if (address === undefined) {
      later();
      return;
    }
    const own = dial(address, self);
    connection = own;
    own.authorized.then(
      (authorized) => {
        if (!authorized) void own.drop();
        else self.connects += 1;
        self.online = authorized && own === connection;
      },
      () => {},
    );
    void own.closed.then((closed) => {
      connection = undefined;
      self.online = false;
      self.closes.push(closed);
      if (own.mayReturn(closed)) later();
    });
  };
  const later = () => {
    if (!stopped) timer = setTimeout(open, Math.random() * jitter);
  };
  open();
  return self;
}

/** A client of `encke.v1` that resumes from its position and drops what it has seen. */
export function roamV1(options: RoamingOptions): RoamingDevice {
  let position: Position | undefined;
  const read = (frame: ServerFrame, self: RoamingDevice, asked: Position | undefined) => {
    if (frame.type === 'missed') {
      self.missed += 1;
      position = { epoch: frame.epoch, seq: frame.seq };
    } else if (frame.type === 'ready' && frame.epoch !== undefined && frame.seq !== undefined) {
      if (frame.resumed) return;
      if (asked !== undefined) self.missed += 1;
      position = { epoch: frame.epoch, seq: frame.seq };
    } else if (frame.type === 'message') {
      self.onWire += 1;
      if (position !== undefined && frame.seq <= position.seq) return;
      if (position !== undefined) position = { epoch: position.epoch, seq: frame.seq };
      self.received.push(frame.id);
      self.data.push(JSON.stringify(frame.data));
    }
  };
  return roam('v1', options, (address, self) => {
    const asked = position;
    const { app, user, key } = options;
    const socket = new V1Device(address, {
      user,
      key,
      device: self.device,
      ...(app !== undefined && { app }),
      ...(asked !== undefined && { resume: asked }),
    });
    socket.keep = false;
    socket.onFrame = (frame) => read(frame, self, asked);
    return {
      authorized: socket.ready.then(({ authorized }) => authorized),
      closed: socket.closed,
      mayReturn: ({ code }) => mayReconnect(code),
      drop: () => socket.drop(),
    };
  });
}

/** An old page: it keeps its uuid, drops a frame whose uuid it has seen, and only an unclean close brings it back. */
export function roamLegacy(options: RoamingOptions): RoamingDevice {
  const seen = new Set<string>();
  const read = (frame: LegacyFrame, self: RoamingDevice) => {
    if (frame.pipe !== 'msg') return;
    self.onWire += 1;
    const id = frame.uuid ?? 'no uuid';
    if (seen.has(id)) return;
    seen.add(id);
    self.received.push(id);
    self.data.push(String(frame.data));
  };
  return roam('legacy', options, (address, self) => {
    const { app, user, key } = options;
    const socket = new LegacyDevice(address, {
      user,
      key,
      uuid: self.device,
      ...(app !== undefined && { app }),
    });
    socket.keep = false;
    socket.onFrame = (frame) => read(frame, self);
    return {
      authorized: socket.ready.then(({ authorized }) => authorized),
      closed: socket.closed,
      mayReturn: ({ code }) => code === 1006,
      drop: () => socket.drop(),
    };
  });
}
