/** What tests of channels say and read on a socket of `encke.v1`. */
import type { ChannelFrame, Position, ServerFrame, Subscribed } from '@encke/protocol';
import { type V1Device, within } from '@encke/testing';
import type { Application } from './application.ts';

export const say = (device: V1Device, frame: object): void => device.send(JSON.stringify(frame));

/** The `n`th frame of that type, counted from 1. */
export function frame<T extends ServerFrame['type']>(
  device: V1Device,
  type: T,
  n = 1,
  timeout?: number,
): Promise<Extract<ServerFrame, { type: T }>> {
  type Frame = Extract<ServerFrame, { type: T }>;
  const fits = (one: ServerFrame): one is Frame => one.type === type;
  const done = () => device.frames.filter(fits)[n - 1];
  return device.until(`frame ${n} ${type}`, done, timeout);
}

export async function subscribe(
  device: V1Device,
  channel: string,
  position?: Position,
): Promise<Subscribed> {
  const n = device.frames.filter(({ type }) => type === 'subscribed').length;
  say(device, { type: 'subscribe', channel, position });
  return frame(device, 'subscribed', n + 1);
}

export const channelFrames = (device: V1Device): ChannelFrame[] =>
  device.frames.filter((one): one is ChannelFrame => one.type === 'channel');

export const dataOf = (device: V1Device): unknown[] =>
  channelFrames(device).map(({ data }) => data);

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** In this order, many at a time. */
export async function publishAll(
  app: Application,
  channel: string,
  data: readonly unknown[],
): Promise<void> {
  for (let i = 0; i < data.length; i += 50)
    await within(
      Promise.all(data.slice(i, i + 50).map((one) => app.publish(channel, one))),
      'publishing',
    );
}
