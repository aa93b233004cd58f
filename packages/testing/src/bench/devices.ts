/** The devices of one load process, in named groups. */
import { setTimeout as pause } from 'node:timers/promises';
import { Device, type DeviceWire, type Group, RECEIPT_DELAY } from './device.ts';

export interface ConnectOrder {
  readonly group: string;
  readonly wire: DeviceWire;
  readonly port: number;
  readonly app: number;
  /** Users `first` to `first + count - 1`, a device each. */
  readonly first: number;
  readonly count: number;
  /** Sockets on their way at most. */
  readonly atOnce: number;
  /** Sockets a second at most; as fast as they come unless told. */
  readonly perSecond?: number;
}

export interface WatchOrder {
  readonly group: string;
  /** Keep how long each message took. */
  readonly delays: boolean;
}

export interface ArrivedOrder {
  readonly group: string;
  /** Waits for so many since `watch`. */
  readonly messages: number;
}

export interface Arrived {
  readonly arrived: number;
  readonly faults: readonly string[];
  /** Milliseconds from send to arrival. */
  readonly delay?: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 90_000;
/** Without a single message. */
const SILENCE = 5_000;

class DeviceGroup implements Group {
  readonly wire: DeviceWire;
  readonly devices: Device[] = [];
  arrived = 0;
  faults: string[] = [];
  delays: number[] | undefined;
  /** Called after every change. */
  changed: () => void = () => {};
  /** In the order in which they are due: all wait equally long. */
  #due: { device: Device; at: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(wire: DeviceWire) {
    this.wire = wire;
  }

  confirmLater(device: Device): void {
    this.#due.push({ device, at: performance.now() + RECEIPT_DELAY });
    this.#timer ??= setTimeout(this.#confirm, RECEIPT_DELAY);
  }

  #confirm = (): void => {
    const now = performance.now();
    const next = this.#due.findIndex(({ at }) => at > now);
    for (const { device } of this.#due.splice(0, next < 0 ? this.#due.length : next)) {
      device.confirm();
    }
    const [first] = this.#due;
    this.#timer = first && setTimeout(this.#confirm, Math.max(1, first.at - now));
  };
}

export class Devices {
  readonly #groups = new Map<string, DeviceGroup>();

  #group(name: string): DeviceGroup {
    const group = this.#groups.get(name);
    if (!group) throw new Error(`no devices are called ${name}`);
    return group;
  }

  /** Resolves when all are authorised. */
  async connect(order: ConnectOrder): Promise<{ seconds: number }> {
    const { port, app, first, count, atOnce, perSecond = Number.POSITIVE_INFINITY } = order;
    const group = this.#groups.get(order.group) ?? new DeviceGroup(order.wire);
    this.#groups.set(order.group, group);
    const started = performance.now();
    const pending = new Set<Device>();
    let opened = 0;
    while (opened < count || pending.size > 0) {
      const elapsed = performance.now() - started;
      if (elapsed > CONNECT_TIMEOUT) group.faults.push('not all are ready in time');
      if (group.faults.length > 0) throw new Error(group.faults.join('\n'));
      const allowed = Math.min(count, (elapsed / 1000) * perSecond + 1);
      while (pending.size < atOnce && opened < allowed) {
        const device = new Device(port, app, first + opened, group);
        group.devices.push(device);
        pending.add(device);
        opened += 1;
      }
      await this.#change(group, 5);
      for (const device of pending) if (device.ready || device.gone) pending.delete(device);
    }
    group.changed = () => {};
    return { seconds: (performance.now() - started) / 1000 };
  }

  /** Resolves at the next change, and after `timeout` ms anyway. */
  async #change(group: DeviceGroup, timeout: number): Promise<void> {
    const timer = pause(timeout);
    await Promise.race([timer, new Promise<void>((resolve) => (group.changed = resolve))]);
  }

  leave({ group: name }: { group: string }): void {
    for (const device of this.#group(name).devices) device.leave();
    this.#groups.delete(name);
  }

  watch({ group: name, delays }: WatchOrder): void {
    const group = this.#group(name);
    group.arrived = 0;
    group.delays = delays ? [] : undefined;
  }

  async arrived({ group: name, messages }: ArrivedOrder): Promise<Arrived> {
    const group = this.#group(name);
    let known = -1;
    let since = performance.now();
    while (group.arrived < messages && performance.now() - since < SILENCE) {
      if (group.arrived > known) {
        known = group.arrived;
        since = performance.now();
      }
      await pause(2);
    }
    const { arrived, faults, delays } = group;
    if (!delays) return { arrived, faults };
    const sorted = Float64Array.from(delays).sort();
    const at = (share: number) =>
      (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1000;
    return { arrived, faults, delay: { p50: at(0.5), p99: at(0.99), max: at(1) } };
  }
}
