/** One device, on either wire: the same events whatever it speaks. */
import { setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { keyOf } from './app-server.ts';
import { app, gateways, type WireName } from './settings.ts';

export interface Incoming {
  readonly id: string;
  readonly data: unknown;
  /** It waited for the device, or was sent again after it came back. */
  readonly queued: boolean;
}

export interface Handlers {
  /** A private message, once: second copies are dropped here, as the SDK and the old script do. */
  message?(message: Incoming): void;
  channel?(message: Incoming): void;
  /** The socket is gone; `wanted`: because this script closed it. */
  closed?(wanted: boolean): void;
}

export interface DeviceOptions {
  readonly wire: WireName;
  readonly user: number;
  readonly channels?: readonly string[];
}

interface Frame {
  readonly type?: string;
  readonly pipe?: string;
  readonly event?: string;
  readonly data?: unknown;
  readonly authorized?: boolean;
  readonly epoch?: string;
  readonly seq?: number;
  readonly id?: string;
  readonly uuid?: string;
  readonly queued?: boolean;
  readonly fromQueue?: boolean;
}

let made = 0;

/** 32 characters: the old wire wants that many. */
function deviceId(user: number): string {
  made += 1;
  return `k6-${user}-${made}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`
    .padEnd(32, '0')
    .slice(0, 32);
}

/** Milliseconds between a message and its ack, as in the SDK. */
const ackAfter = 25;

export class Device {
  readonly #options: DeviceOptions;
  readonly #handlers: Handlers;
  readonly #id: string;
  readonly #seen = new Set<string>();
  #socket: WebSocket | undefined;
  #position: { epoch: string; seq: number } | undefined;
  #ackDue = false;
  #wanted = false;
  /** Second copies that were dropped. */
  repeated = 0;

  constructor(options: DeviceOptions, handlers: Handlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#id = deviceId(options.user);
  }

  /** Milliseconds until it was let in. A device that was here before goes on where it was. */
  connect(gateway: number): Promise<number> {
    const { wire, user } = this.#options;
    const host = gateways[gateway % gateways.length] as string;
    const began = Date.now();
    this.#wanted = false;
    const legacy = `${host}/ws/sesion=${keyOf(user)}&myid=${user}&devid=${app}&v=4.0&uuid=${this.#id}&api=js`;
    const socket =
      wire === 'v1'
        ? // k6 has no other place for the subprotocol.
          new WebSocket(`${host}/v1/ws`, null, {
            headers: { 'Sec-WebSocket-Protocol': 'encke.v1' },
            tags: { name: 'v1' },
          })
        : new WebSocket(legacy, null, { tags: { name: 'legacy' } });
    this.#socket = socket;
    return new Promise((resolve, reject) => {
      const welcome = (authorized: boolean): void => {
        if (authorized) {
          resolve(Date.now() - began);
          return;
        }
        // It stays open, for nobody, and k6 waits for every socket.
        this.#socket = undefined;
        socket.close();
        reject(new Error(`user ${user} was not let in`));
      };
      socket.onopen = () => {
        if (wire === 'v1') this.#hello();
      };
      socket.onmessage = (event) => {
        const text = event?.data as string;
        if (wire === 'v1') this.#readV1(JSON.parse(text) as Frame, welcome);
        else
          for (const line of text.split('\n'))
            if (line !== '') this.#readLegacy(JSON.parse(line) as Frame, welcome);
      };
      socket.onerror = (event) => reject(new Error(event?.error ?? 'the socket broke'));
      socket.onclose = () => {
        reject(new Error('closed before it was let in'));
        if (this.#socket !== socket) return;
        this.#socket = undefined;
        this.#handlers.closed?.(this.#wanted);
      };
    });
  }

  /** Ends it cleanly. */
  close(): void {
    this.#wanted = true;
    this.#socket?.close();
  }

  #write(frame: object): void {
    // 1: open. An ack may be due when the socket is gone already.
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }

  #hello(): void {
    const { user } = this.#options;
    const resume = this.#position;
    this.#write({
      ...{ type: 'hello', app, user, key: keyOf(user), device: this.#id },
      ...(resume && { resume }),
    });
  }

  #subscribe(): void {
    const { wire, channels = [] } = this.#options;
    if (channels.length === 0) return;
    if (wire === 'v1') for (const channel of channels) this.#write({ type: 'subscribe', channel });
    else this.#socket?.send(`subscription\n${channels.join('\n')}`);
  }

  #readV1(frame: Frame, welcome: (authorized: boolean) => void): void {
    const { type, seq = 0, id = '', data } = frame;
    if (type === 'ready') {
      if (frame.epoch !== undefined) this.#position = { epoch: frame.epoch, seq };
      this.#subscribe();
      welcome(frame.authorized === true);
    } else if (type === 'message') {
      if (this.#position) this.#position = { epoch: this.#position.epoch, seq };
      this.#ack();
      this.#once({ id, data, queued: frame.queued === true });
    } else if (type === 'channel') {
      this.#handlers.channel?.({ id, data, queued: false });
    } else if (type === 'missed') {
      throw new Error('the gateway says that messages were lost');
    }
  }

  #ack(): void {
    if (this.#ackDue) return;
    this.#ackDue = true;
    setTimeout(() => {
      this.#ackDue = false;
      this.#write({ type: 'ack', seq: this.#position?.seq });
    }, ackAfter);
  }

  /** Receipts are pongs here, and k6 sends those by itself. */
  #readLegacy(frame: Frame, welcome: (authorized: boolean) => void): void {
    if (frame.event === 'serverInfo') {
      this.#subscribe();
      welcome(frame.authorized === true);
      return;
    }
    if (frame.pipe === 'sys') return;
    const text = String(frame.data);
    const id = frame.uuid ?? '';
    const incoming = { id, data: JSON.parse(text), queued: frame.fromQueue === true };
    if (frame.pipe === 'msg') this.#once(incoming);
    else this.#handlers.channel?.(incoming);
  }

  #once(message: Incoming): void {
    if (this.#seen.has(message.id)) {
      this.repeated += 1;
      return;
    }
    this.#seen.add(message.id);
    this.#handlers.message?.(message);
  }
}
