/** The frames of `encke.v1` for channels, and for questions about users. */
import type { Channel, User } from './ids.ts';
import { limits } from './limits.ts';
import { type Position, parsePosition } from './position.ts';
import { Fault, isFault, parseChannel, parseEvent, parseUser } from './rules.ts';

/** Chosen by the client; the answer repeats it. */
export type Ref = string | number;

export interface Subscribe {
  readonly type: 'subscribe';
  readonly channel: Channel;
  /** Up to where the app has everything. */
  readonly position?: Position;
}
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly channel: Channel;
}
export interface Publish {
  readonly type: 'publish';
  readonly ref: Ref;
  readonly channel: Channel;
  readonly event: string;
  /** JSON text. */
  readonly data: string;
  /** The others do not see who sent it. */
  readonly hidden: boolean;
}
export interface ChannelQuery {
  readonly type: 'history' | 'count' | 'members';
  readonly ref: Ref;
  readonly channel: Channel;
}
export interface UserQuery {
  readonly type: 'user-data' | 'user-status';
  readonly ref: Ref;
  readonly user: User;
}
export type ChannelClientFrame = Subscribe | Unsubscribe | Publish | ChannelQuery | UserQuery;

export interface Subscribed {
  readonly type: 'subscribed';
  readonly channel: string;
  /** What follows is after this position. Absent when the channel keeps no history. */
  readonly epoch?: string;
  readonly seq?: number;
  /** false: something may have been missed since `position`, or there was none. */
  readonly recovered: boolean;
}
/** A message of a channel, as its frame and as an answer to `history` have it. */
export interface ChannelItem {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Only when the channel keeps history. */
  readonly epoch?: string;
  readonly seq?: number;
  /** Only when a browser published it; 0 when anonymous or hidden. */
  readonly user?: number;
}
export interface ChannelFrame extends ChannelItem {
  readonly type: 'channel';
  readonly channel: string;
  /** true: it was read from the history. */
  readonly history?: true;
}
export interface ChannelMissed {
  readonly type: 'channel-missed';
  readonly channel: string;
  /** The new position; what came before it and was not seen is gone. */
  readonly epoch: string;
  readonly seq: number;
}
export interface Published {
  readonly type: 'published';
  readonly ref: Ref;
  /** Sockets told, the sender's not counted. */
  readonly subscribers: number;
  /** The message's, which is not sent back to the socket, but is in the history. */
  readonly id: string;
  /** Only when the channel keeps history. */
  readonly epoch?: string;
  readonly seq?: number;
}
export interface HistoryAnswer {
  readonly type: 'history';
  readonly ref: Ref;
  readonly messages: readonly ChannelItem[];
  readonly epoch?: string;
  readonly seq?: number;
}
export interface CountAnswer {
  readonly type: 'count';
  readonly ref: Ref;
  readonly subscribers: number;
}
/** A subscribed socket, as other subscribers may know it. */
export interface Person {
  /** 0: anonymous. */
  readonly user: number;
  readonly device: string;
  readonly session: string;
}
export interface MembersAnswer {
  readonly type: 'members';
  readonly ref: Ref;
  readonly members: readonly Person[];
}
export interface UserDataAnswer {
  readonly type: 'user-data';
  readonly ref: Ref;
  /** null: none. */
  readonly data: unknown;
}
export interface UserStatusAnswer {
  readonly type: 'user-status';
  readonly ref: Ref;
  readonly online: boolean;
  /** Unix seconds; null: never. */
  readonly lastSeen: number | null;
}
export interface Refused {
  readonly type: 'refused';
  readonly ref?: Ref;
  /** In answer to a subscribe. */
  readonly channel?: string;
  readonly code: 'bad-request' | 'not-allowed' | 'unavailable';
  readonly message: string;
}
export interface Joined extends Person {
  readonly type: 'joined';
  readonly channel: string;
}
export interface Left extends Person {
  readonly type: 'left';
  readonly channel: string;
}
export interface Presence {
  readonly type: 'presence';
  readonly user: number;
  readonly online: boolean;
  readonly time: number;
}
/** Written by `JSON.stringify`. */
export type PlainChannelFrame =
  | Subscribed
  | ChannelMissed
  | Published
  | CountAnswer
  | MembersAnswer
  | UserStatusAnswer
  | Refused
  | Joined
  | Left
  | Presence;
export type ChannelServerFrame = PlainChannelFrame | ChannelFrame | HistoryAnswer | UserDataAnswer;

type Fields = Readonly<Record<string, unknown>>;

export const channelClientTypes = [
  ...['subscribe', 'unsubscribe', 'publish', 'history', 'count', 'members'],
  ...['user-data', 'user-status'],
] as const;

function parseRef(ref: unknown): Ref | Fault {
  if (typeof ref === 'string' && ref.length <= limits.refLength) return ref;
  if (typeof ref === 'number' && Number.isFinite(ref)) return ref;
  return new Fault('ref', 'must be a number or a string of at most 64 characters');
}

/**
 * [V12] A frame about channels. What breaks a rule is refused by its `ref` or `channel`, and the socket stays; a Fault
 * where there is none to answer to. undefined: no such type.
 */
export function parseChannelClientFrame(
  frame: Fields,
): ChannelClientFrame | Refused | Fault | undefined {
  const { type } = frame;
  switch (type) {
    case 'subscribe':
    case 'unsubscribe':
      return parseSubscribe(type, frame);
    case 'publish':
      return answerable(frame, (ref) => parsePublish(ref, frame));
    case 'history':
    case 'count':
    case 'members':
      return answerable(frame, (ref) => {
        const channel = parseChannel(frame.channel);
        return isFault(channel) ? channel : { type, ref, channel };
      });
    case 'user-data':
    case 'user-status':
      return answerable(frame, (ref) => {
        const user = parseUser(frame.user);
        return isFault(user) ? user : { type, ref, user };
      });
    default:
      return undefined;
  }
}

function answerable(
  frame: Fields,
  parse: (ref: Ref) => ChannelClientFrame | Fault,
): ChannelClientFrame | Refused | Fault {
  const ref = parseRef(frame.ref);
  if (isFault(ref)) return ref;
  const parsed = parse(ref);
  return isFault(parsed)
    ? { type: 'refused', ref, code: 'bad-request', message: parsed.text }
    : parsed;
}

function parseSubscribe(
  type: 'subscribe' | 'unsubscribe',
  frame: Fields,
): Subscribe | Unsubscribe | Refused | Fault {
  const channel = parseChannel(frame.channel);
  const position = parsePosition(frame.position, 'position');
  const fault = isFault(channel) ? channel : position;
  if (isFault(fault)) {
    const named = frame.channel;
    if (typeof named !== 'string' || named.length > limits.channelNameMax) return fault;
    return { type: 'refused', channel: named, code: 'bad-request', message: fault.text };
  }
  if (type === 'unsubscribe') return { type, channel: channel as Channel };
  return { type, channel: channel as Channel, ...(position && { position: position as Position }) };
}

function parsePublish(ref: Ref, frame: Fields): Publish | Fault {
  const channel = parseChannel(frame.channel);
  if (isFault(channel)) return channel;
  const event = parseEvent(frame.event);
  if (isFault(event)) return event;
  const { hidden = false } = frame;
  if (typeof hidden !== 'boolean') return new Fault('hidden', 'must be true or false');
  const data = encodeData(frame.data);
  return isFault(data) ? data : { type: 'publish', ref, channel, event, data, hidden };
}

function encodeData(value: unknown): string | Fault {
  if (value === undefined) return new Fault('data', 'is required');
  try {
    return JSON.stringify(value);
  } catch {
    // What JSON.parse gave can only fail by nesting deeper than the stack.
    return new Fault('data', 'is nested too deeply');
  }
}

/** What Redis and the node bus hold of a channel message; `data` is JSON text and is never parsed on the way. */
export interface StoredChannelMessage {
  readonly id: string;
  readonly position?: Position;
  readonly time: number;
  readonly event: string;
  readonly data: string;
  readonly user?: number;
}

function fields(m: StoredChannelMessage): string {
  const place = m.position ? `,"epoch":"${m.position.epoch}","seq":${m.position.seq}` : '';
  const user = m.user === undefined ? '' : `,"user":${m.user}`;
  return `"id":"${m.id}","event":"${m.event}","data":${m.data},"time":${m.time}${place}${user}`;
}

/** [V14] */
export const encodeChannel = (channel: string, m: StoredChannelMessage, history: boolean): string =>
  `{"type":"channel","channel":"${channel}",${fields(m)}${history ? ',"history":true}' : '}'}`;

/** [V16] `position`: where the history ends; undefined: the channel keeps none. */
export function encodeHistory(
  ref: Ref,
  messages: readonly StoredChannelMessage[],
  position: Position | undefined,
): string {
  const place = position ? `,"epoch":"${position.epoch}","seq":${position.seq}` : '';
  const items = messages.map((m) => `{${fields(m)}}`).join(',');
  return `{"type":"history","ref":${JSON.stringify(ref)},"messages":[${items}]${place}}`;
}

/** [V16] `data` is JSON text; undefined: there is none. */
export const encodeUserData = (ref: Ref, data: string | undefined): string =>
  `{"type":"user-data","ref":${JSON.stringify(ref)},"data":${data ?? 'null'}}`;
