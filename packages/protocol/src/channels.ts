/** What the names of channels mean, declared once for both wires and for application servers. [N1] */
import type { Channel, User } from './ids.ts';
import { Fault, isFault, parseUser } from './rules.ts';

/**
 * - `messages`: `msg`, where the old wire shows private messages; nobody subscribes to it
 * - `web`, `webauth`: browsers publish, the second kind only those of authorised users
 * - `track`: members are shown, and told of who joins and leaves
 * - `private`: only authorised users subscribe
 * - `status`: `user_status_<user>`, where that user's coming and going is told
 */
export type ChannelKind = 'messages' | 'web' | 'webauth' | 'track' | 'private' | 'status' | 'plain';

const statusPrefix = 'user_status_';

export function channelKind(name: string): ChannelKind {
  if (name === 'msg') return 'messages';
  if (name.startsWith('web_')) return 'web';
  if (name.startsWith('webauth_')) return 'webauth';
  if (name.startsWith('track_')) return 'track';
  if (name.startsWith('private_')) return 'private';
  return statusUser(name) === undefined ? 'plain' : 'status';
}

/** The user whose coming and going the channel tells, if it is such a channel. */
export function statusUser(name: string): User | undefined {
  if (!name.startsWith(statusPrefix)) return undefined;
  const user = parseUser(name.slice(statusPrefix.length));
  return isFault(user) ? undefined : user;
}

export const statusChannel = (user: User): Channel => `${statusPrefix}${user}` as Channel;

/** [N2] Also who may read a channel's history: what one may not hear, one may not read either. */
export function maySubscribe(name: string, authorized: boolean): boolean {
  const kind = channelKind(name);
  return kind !== 'messages' && (authorized || kind !== 'private');
}

/** [N4] What a browser may publish to. */
export function mayPublish(name: string, authorized: boolean): boolean {
  const kind = channelKind(name);
  return kind === 'web' || (kind === 'webauth' && authorized);
}

/** [N1] What an application server may publish to: all but what nobody hears. */
export const publishable = (channel: Channel, field = 'channel'): Channel | Fault =>
  channelKind(channel) === 'messages'
    ? new Fault(field, 'must not be msg: no browser can subscribe to it')
    : channel;

/** Of which channels a browser may ask the number of subscribers. */
export function mayCount(name: string): boolean {
  const kind = channelKind(name);
  return kind === 'web' || kind === 'track';
}
