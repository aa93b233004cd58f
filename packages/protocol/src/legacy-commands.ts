/** What the old script sends: text frames `name\narg\n…`. */
import { maySubscribe } from './channels.ts';
import type { Channel, User } from './ids.ts';
import { limits } from './limits.ts';
import { Fault, isFault, parseChannel, parseEvent, parseUser } from './rules.ts';

export interface Subscription {
  readonly name: 'subscription';
  /** The full list; it replaces the former one. */
  readonly channels: readonly Channel[];
  /** There were more, or longer ones. */
  readonly tooMany: boolean;
}
export interface WebPipe2 {
  readonly name: 'web_pipe2';
  readonly channel: Channel;
  /** The others do not see who sent it. */
  readonly hidden: boolean;
  readonly event: string;
  readonly payload: string;
}
export interface ChannelQuestion {
  readonly name: 'pipe_log' | 'pipe_count' | 'track_pipe_users';
  readonly channel: Channel;
  readonly marker: string;
}
export interface UserDataQuestion {
  readonly name: 'user_data';
  readonly marker: string;
  readonly user: User;
}
export interface UserStatusQuestion {
  readonly name: 'user_status';
  readonly user: User;
}
export interface Statistics {
  readonly name: 'statistics';
}
export type LegacyCommand =
  | Subscription
  | WebPipe2
  | ChannelQuestion
  | UserDataQuestion
  | UserStatusQuestion
  | Statistics;

/**
 * [L10] A Fault: the command is refused. undefined: no such command, close.
 * @param authorized whether the socket is.
 */
export function parseLegacyCommand(
  text: string,
  authorized: boolean,
): LegacyCommand | Fault | undefined {
  const end = text.indexOf('\n');
  const name = end < 0 ? text : text.slice(0, end);
  const rest = end < 0 ? '' : text.slice(end + 1);
  switch (name) {
    case 'statistics':
      return { name };
    case 'subscription':
      return parseSubscription(rest, authorized);
    case 'web_pipe2':
      return parseWebPipe2(rest);
    case 'pipe_log':
    case 'pipe_count':
    case 'track_pipe_users': {
      const [first, second] = rest.split('\n', 2);
      const channel = parseChannel(first);
      if (isFault(channel)) return channel;
      const marker = parseMarker(second);
      return isFault(marker) ? marker : { name, channel, marker };
    }
    case 'user_data': {
      const [first, second] = rest.split('\n', 2);
      const marker = parseMarker(first);
      if (isFault(marker)) return marker;
      const user = parseUser(second);
      return isFault(user) ? user : { name, marker, user };
    }
    case 'user_status': {
      const user = parseUser(rest.split('\n', 1)[0]);
      return isFault(user) ? user : { name, user };
    }
    default:
      return undefined;
  }
}

/** [L12] What this socket may not subscribe to does not count. */
function parseSubscription(text: string, authorized: boolean): Subscription {
  const channels = new Set<Channel>();
  let tooMany = false;
  for (const name of text.split(/[^A-Za-z0-9_-]+/) as Channel[]) {
    if (name.length < 2 || !maySubscribe(name, authorized)) continue;
    if (name.length > limits.channelNameMax || channels.size === limits.channels) {
      tooMany ||= !channels.has(name);
      continue;
    }
    channels.add(name);
  }
  return { name: 'subscription', channels: [...channels], tooMany };
}

/** [L15] Three lines, and the rest of the frame as it is. */
function parseWebPipe2(text: string): WebPipe2 | Fault {
  const a = text.indexOf('\n');
  const b = text.indexOf('\n', a + 1);
  const c = text.indexOf('\n', b + 1);
  if (a < 0 || b < 0 || c < 0) return new Fault('web_pipe2', 'must have four arguments');
  const hidden = text.startsWith('@');
  const channel = parseChannel(text.slice(hidden ? 1 : 0, a));
  if (isFault(channel)) return channel;
  const event = parseEvent(text.slice(a + 1, b));
  if (isFault(event)) return event;
  if (c !== b + 2) return new Fault('the third argument', 'must be one character');
  return { name: 'web_pipe2', channel, hidden, event, payload: text.slice(c + 1) };
}

function parseMarker(text: string | undefined): string | Fault {
  if (text === undefined) return '';
  return text.length <= limits.refLength
    ? text
    : new Fault('marker', 'must be at most 64 characters');
}
