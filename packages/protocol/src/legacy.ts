/** The old wire: what `CometServerApi.js` 3.x and 4.x sends and reads. PROTOCOL.md gives the rules by number. */
import type { App, Device, User } from './ids.ts';
import { limits } from './limits.ts';
import { Fault, isFault, parseApp, parseUser } from './rules.ts';
import type { StoredMessage } from './v1.ts';

export const legacy = { subprotocol: 'chat' } as const;

export interface LegacyConnect {
  readonly app: App;
  /** Absent: anonymous (`myid=0`). */
  readonly user?: User;
  readonly key: string;
  readonly device: Device;
  /** Scripts before 4.0 want two more keys in every frame. */
  readonly old: boolean;
}

export interface LegacyUrlFault {
  readonly code: 401 | 406 | 418;
  readonly text: string;
  readonly old: boolean;
}

const path = /^\/{1,2}(?:comet-server\/)?ws\/(.*)$/;

/** [L1] Whether a request path belongs to the old wire. */
export const isLegacyPath = (url: string): boolean => path.test(url);

function field(text: string, name: string): string | undefined {
  for (const pair of text.split('&')) {
    if (!pair.startsWith(`${name}=`)) continue;
    try {
      return decodeURIComponent(pair.slice(name.length + 1));
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** [L2] Reads the fields by name. [L3] The faults of the URL. */
export function parseLegacyUrl(url: string): LegacyConnect | LegacyUrlFault {
  const text = path.exec(url)?.[1] ?? '';
  const version = /^\d+(\.\d+)?$/.exec(field(text, 'v') ?? '')?.[0];
  const old = !(Number(version) >= 4);
  const fault = (code: 401 | 406 | 418, why: string): LegacyUrlFault => ({ code, text: why, old });
  const myid = field(text, 'myid') ?? '';
  const user = myid === '0' ? undefined : parseUser(myid, 'myid');
  if (isFault(user)) return fault(401, user.text);
  const app = parseApp(field(text, 'devid') ?? '', 'devid');
  if (isFault(app)) return fault(406, app.text);
  if (version === undefined)
    return fault(418, new Fault('v', 'must be the version of the script').text);
  const device = field(text, 'uuid') ?? '';
  if (!/^[A-Za-z0-9_-]{32}$/.test(device))
    return fault(418, new Fault('uuid', 'must be 32 characters of A-Z a-z 0-9 _ -').text);
  const sesion = field(text, 'sesion') ?? '';
  const key = sesion === 'undefined' || sesion.length > limits.keyLength ? '' : sesion;
  return { app, ...(user !== undefined && { user }), key, device: device as Device, old };
}

/** [L8] An old script turns `\'` into `'` before parsing, so an apostrophe is never written bare. */
const quote = (json: string): string =>
  json.includes("'") ? json.replaceAll("'", '\\u0027') : json;

/** [L7] On the old wire a string goes as it is and anything else as its JSON text, both as a JSON string. */
export const legacyData = (data: string): string =>
  quote(data.charCodeAt(0) === 34 ? data : JSON.stringify(data));

/** [L6] A private message. [L9] The message id goes along as `uuid`, by which the script drops a second copy. */
export function encodeLegacyMessage(
  id: string,
  m: StoredMessage,
  queued: boolean,
  old: boolean,
): string {
  const data = legacyData(m.data);
  const more = old ? `,"event_name":"${m.event}","api_data":${data}` : '';
  const queue = queued ? `,"fromQueue":true,"message_send_time":${Math.floor(m.time / 1000)}` : '';
  return `{"data":${data},"event":"${m.event}"${queue},"pipe":"msg","uuid":"${id}"${more}}`;
}

function encodeSystem(
  frame: { data: unknown; event: string } & Record<string, unknown>,
  old: boolean,
): string {
  const all: Record<string, unknown> = {
    ...frame,
    message_send_time: Math.floor(Date.now() / 1000),
    pipe: 'sys',
  };
  if (old) {
    const text = typeof frame.data === 'string' ? frame.data : JSON.stringify(frame.data);
    all.data = text;
    all.event_name = frame.event;
    all.api_data = text;
  }
  return quote(JSON.stringify(all));
}

/** [L4] The first frame after the handshake, always. `hash` is the stored one, empty when not authorised. */
export const encodeServerInfo = (
  authorized: boolean,
  hash: string,
  server: string,
  old: boolean,
): string =>
  encodeSystem({ authorized, data: authorized ? hash : '', event: 'serverInfo', server }, old);

/** [L3] One frame, then close. */
export const encodeUrlFault = (fault: LegacyUrlFault): string =>
  encodeSystem(
    {
      data: {
        error: fault.text,
        error_code: fault.code,
        info: 'Closed due to error. See last message.',
      },
      event: 'error',
    },
    fault.old,
  );

/** [L11] A refused command. */
export const encodeRefusal = (error: string, old: boolean): string =>
  encodeSystem({ data: { error, number_messages: -1 }, event: 'error' }, old);

/** [L12] More than 32 channels, or a name too long: the first 32 are kept. */
export const encodeTooMany = (old: boolean): string =>
  encodeSystem({ data: { code: '403', error: 'Too many letters' }, event: 'error' }, old);

export type LegacyCommand =
  | {
      readonly name: 'subscription';
      readonly channels: readonly string[];
      readonly tooMany: boolean;
    }
  | { readonly name: 'statistics' }
  | { readonly name: 'later'; readonly command: string };

const channelCommands = new Set([
  'web_pipe2',
  'pipe_log',
  'pipe_count',
  'track_pipe_users',
  'user_data',
  'user_status',
]);

/** [L10] A command from the script; undefined means: close. */
export function parseLegacyCommand(text: string): LegacyCommand | undefined {
  const end = text.indexOf('\n');
  const name = end < 0 ? text : text.slice(0, end);
  if (name === 'statistics') return { name };
  if (name === 'subscription') {
    const names = end < 0 ? [] : text.slice(end + 1).split(/[^A-Za-z0-9_-]+/);
    const channels = new Set<string>();
    let tooMany = false;
    for (const channel of names) {
      if (channel.length < 2) continue;
      if (channel.length > limits.channelNameMax || channels.size === limits.legacyChannels) {
        tooMany ||= !channels.has(channel);
        continue;
      }
      channels.add(channel);
    }
    return { name, channels: [...channels], tooMany };
  }
  if (channelCommands.has(name)) return { name: 'later', command: name };
  return undefined;
}
