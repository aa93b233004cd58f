/** The wire `encke.v1`: one JSON object a text frame. PROTOCOL.md gives the rules by number. */
import type { App, Device, User } from './ids.ts';
import { limits } from './limits.ts';
import { epochRule, isEpoch, isSeq, type Position, parsePosition } from './position.ts';
import { Fault, isFault, parseApp, parseDevice, parseUser } from './rules.ts';
import {
  type ChannelClientFrame,
  type ChannelServerFrame,
  channelClientTypes,
  type PlainChannelFrame,
  parseChannelClientFrame,
  type Refused,
} from './v1-channels.ts';

export const v1 = { subprotocol: 'encke.v1', path: '/v1/ws' } as const;

const path = /^\/{1,2}(?:comet-server\/)?v1\/ws(?:\?|$)/;

/** [V1] Whether a request's path belongs to this wire; also where a page of the old server names its host with a path. */
export const isV1Path = (url: string): boolean => path.test(url);

export interface Hello {
  readonly type: 'hello';
  readonly app: App;
  /** Absent: anonymous. */
  readonly user?: User;
  readonly key?: string;
  readonly device?: Device;
  readonly resume?: Position;
}
export interface Ack {
  readonly type: 'ack';
  readonly seq: number;
  /** The epoch that `seq` belongs to; an ack of another epoch than the session's means nothing. */
  readonly epoch?: string;
}
export interface Ping {
  readonly type: 'ping';
}
export type ClientFrame = Hello | Ack | Ping | ChannelClientFrame;

export interface Ready {
  readonly type: 'ready';
  readonly authorized: boolean;
  readonly session: string;
  /** Absent when not authorised. */
  readonly epoch?: string;
  /** The position from which this session is served: everything after it follows. */
  readonly seq?: number;
  /** false: something may have been missed since `resume`, or there was none. */
  readonly resumed: boolean;
}
export interface Message {
  readonly type: 'message';
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
  /** Milliseconds since 1970, when the message was accepted. */
  readonly time: number;
  /** true: it waited in the inbox before this session read it. */
  readonly queued?: true;
}
export interface Missed {
  readonly type: 'missed';
  /** The new position; what came before it is gone. */
  readonly epoch: string;
  readonly seq: number;
}
export interface GoingAway {
  readonly type: 'going-away';
  /** Milliseconds to wait before coming back. */
  readonly reconnectIn: number;
}
export interface Problem {
  readonly type: 'error';
  readonly code: string;
  /** Names the field and the rule; never the value. */
  readonly message: string;
}
export interface Pong {
  readonly type: 'pong';
}
type PlainFrame = Ready | Missed | GoingAway | Problem | Pong;
export type ServerFrame = PlainFrame | Message | ChannelServerFrame;

function parseHello(frame: Record<string, unknown>): Hello | Fault {
  const app = parseApp(frame.app);
  if (isFault(app)) return app;
  const anonymous = frame.user === undefined || frame.user === 0 || frame.user === '0';
  const user = anonymous ? undefined : parseUser(frame.user);
  if (isFault(user)) return user;
  const { key } = frame;
  if (key !== undefined && (typeof key !== 'string' || key.length > limits.keyLength))
    return new Fault('key', 'must be a string of at most 4096 characters');
  const device = frame.device === undefined ? undefined : parseDevice(frame.device);
  if (isFault(device)) return device;
  const resume = parsePosition(frame.resume, 'resume');
  if (isFault(resume)) return resume;
  return {
    type: 'hello',
    app,
    ...(user !== undefined && { user }),
    ...(key !== undefined && { key }),
    ...(device !== undefined && { device }),
    ...(resume !== undefined && { resume }),
  };
}

function parseAck({ seq, epoch }: Record<string, unknown>): Ack | Fault {
  if (!isSeq(seq)) return new Fault('seq', 'must be a whole number from 0');
  if (epoch === undefined) return { type: 'ack', seq };
  if (!isEpoch(epoch)) return new Fault('epoch', epochRule);
  return { type: 'ack', seq, epoch };
}

const known = /* @__PURE__ */ ['hello', 'ack', 'ping', ...channelClientTypes].join(', ');

/** [V2] A frame from a device; a Fault names the field and the rule. */
export function parseClientFrame(text: string): ClientFrame | Refused | Fault {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return new Fault('frame', 'must be one JSON object');
  }
  if (typeof frame !== 'object' || frame === null || Array.isArray(frame))
    return new Fault('frame', 'must be one JSON object');
  const fields = frame as Record<string, unknown>;
  switch (fields.type) {
    case 'hello':
      return parseHello(fields);
    case 'ack':
      return parseAck(fields);
    case 'ping':
      return { type: 'ping' };
    default:
      return parseChannelClientFrame(fields) ?? new Fault('type', `must be one of ${known}`);
  }
}

export const encodeFrame = (frame: PlainFrame | PlainChannelFrame): string => JSON.stringify(frame);

/** What the node bus and the inbox hold of a message; `data` is JSON text and is never parsed on the way. */
export interface StoredMessage {
  readonly seq: number;
  readonly time: number;
  readonly event: string;
  readonly data: string;
}

/** [V5] The message frame, made by joining: `data` goes through as the JSON text it is stored as. */
export function encodeMessage(id: string, m: StoredMessage, queued: boolean): string {
  return `{"type":"message","seq":${m.seq},"id":"${id}","event":"${m.event}","data":${m.data},"time":${m.time}${queued ? ',"queued":true}' : '}'}`;
}
