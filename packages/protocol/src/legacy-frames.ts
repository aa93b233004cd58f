/** What the old script reads: JSON objects, one a line. */
import type { LegacyUrlFault } from './legacy.ts';
import type { StoredMessage } from './v1.ts';
import type { Person, StoredChannelMessage } from './v1-channels.ts';

/** [L8] An old script turns `\'` into `'` before parsing, so an apostrophe is never written bare. */
const quote = (json: string): string =>
  json.includes("'") ? json.replaceAll("'", '\\u0027') : json;

/** [L7] On the old wire a string goes as it is and anything else as its JSON text, both as a JSON string. */
const legacyData = (data: string): string =>
  quote(data.charCodeAt(0) === 34 ? data : JSON.stringify(data));

const seconds = (ms: number): number => Math.floor(ms / 1000);
const sentNow = (): string => `,"message_send_time":${seconds(Date.now())}`;

/** `data` is JSON text without a bare apostrophe; `rest` are more fields. [L14] For an old script it becomes a string. */
function line(data: string, event: string, rest: string, old: boolean): string {
  if (!old) return `{"data":${data},"event":"${event}"${rest}}`;
  const text = data.charCodeAt(0) === 34 ? data : JSON.stringify(data);
  return `{"data":${text},"event":"${event}"${rest},"event_name":"${event}","api_data":${text}}`;
}

/** [L6] A private message. [L9] The message id goes along as `uuid`, by which the script drops a second copy. */
export function encodeLegacyMessage(
  id: string,
  m: StoredMessage,
  queued: boolean,
  old: boolean,
): string {
  const queue = queued ? `,"fromQueue":true,"message_send_time":${seconds(m.time)}` : '';
  return line(legacyData(m.data), m.event, `${queue},"pipe":"msg","uuid":"${id}"`, old);
}

/** [L16] A channel message. [L17] One of its history, which always has a `user_id`. */
export function encodeLegacyChannel(
  channel: string,
  m: StoredChannelMessage,
  history: boolean,
  old: boolean,
): string {
  const flags = history ? ',"fromQueue":true,"history":true' : '';
  const user = history ? (m.user ?? 0) : m.user;
  const from = user === undefined ? '' : `,"user_id":${user}`;
  const rest = `${flags},"message_send_time":${seconds(m.time)},"pipe":"${channel}"${from}`;
  return line(legacyData(m.data), m.event, rest, old);
}

const person = ({ user, device }: Person): string => `{"user_id":${user},"uuid":"${device}"}`;

/** [L23] Somebody joined a `track_` channel, or left it. */
export function encodeLegacyMembership(
  channel: string,
  change: 'joined' | 'left',
  member: Person,
  old: boolean,
): string {
  const event = change === 'joined' ? 'subscription' : 'unsubscription';
  return line(person(member), event, `${sentNow()},"pipe":"${channel}"`, old);
}

/** [L22] A user came online or went offline. */
export function encodeLegacyPresence(channel: string, online: boolean, old: boolean): string {
  const event = online ? 'online' : 'offline';
  return line(`"${event}"`, event, `,"pipe":"${channel}"`, old);
}

/** [L15] The answer to a `web_pipe2`: `payload` as it came, and how many sockets were told. */
export function encodeLegacyPublished(
  channel: string,
  payload: string,
  subscribers: number,
  old: boolean,
): string {
  const data = `{"message":${legacyData(JSON.stringify(payload))},"number_messages":${subscribers}}`;
  return line(data, 'answer', `${sentNow()},"pipe":"_answer_to_${channel}"`, old);
}

const marked = (marker: string): string => `,"marker":${legacyData(JSON.stringify(marker))}`;

/** [L18] */
export function encodeLegacyCount(marker: string, count: number, old: boolean): string {
  const rest = `${marked(marker)}${sentNow()},"pipe":"_answer_pipe_count"`;
  return line(`{"user_in_pipe":${count}}`, 'user_in_pipe', rest, old);
}

/** [L19] */
export function encodeLegacyMembers(
  marker: string,
  members: readonly Person[],
  old: boolean,
): string {
  const rest = `${marked(marker)}${sentNow()},"pipe":"_answer"`;
  return line(`[${members.map(person).join(',')}]`, 'answer', rest, old);
}

/** [L20] `data` is JSON text; undefined: the user has none. */
export function encodeLegacyUserData(
  marker: string,
  user: number,
  data: string | undefined,
  old: boolean,
): string {
  const rest = `${marked(marker)}${sentNow()},"pipe":"_answer"`;
  const text = `{"user_data":${legacyData(data ?? '""')},"user_id":${user}}`;
  return line(text, 'answer', rest, old);
}

/** [L21] `ago`: seconds since the user was last online, 0 while online, -1 never. */
export function encodeLegacyUserStatus(user: number, ago: number, old: boolean): string {
  const rest = `${sentNow()},"pipe":"_answer_user_status"`;
  return line(`{"data":0,"last_online_time":${ago}}`, `user_status_${user}`, rest, old);
}

const system = (data: unknown, event: string, old: boolean): string =>
  line(quote(JSON.stringify(data)), event, `${sentNow()},"pipe":"sys"`, old);

/** [L4] The first frame after the handshake, always. `hash` is the stored one, empty when not authorised. */
export function encodeServerInfo(
  authorized: boolean,
  hash: string,
  server: string,
  old: boolean,
): string {
  const data = JSON.stringify(authorized ? hash : '');
  const rest = `,"server":"${server}"${sentNow()},"pipe":"sys"`;
  return `{"authorized":${authorized},${line(data, 'serverInfo', rest, old).slice(1)}`;
}

/** [L3] One frame, then close. */
export function encodeUrlFault(fault: LegacyUrlFault): string {
  const info = 'Closed due to error. See last message.';
  return system({ error: fault.text, error_code: fault.code, info }, 'error', fault.old);
}

/** [L11] A refused command. */
export const encodeRefusal = (error: string, old: boolean): string =>
  system({ error, number_messages: -1 }, 'error', old);

/** [L12] More than 32 channels, or a name too long: the first 32 are kept. */
export const encodeTooMany = (old: boolean): string =>
  system({ code: '403', error: 'Too many letters' }, 'error', old);
