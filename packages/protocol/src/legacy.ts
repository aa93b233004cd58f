/** The old wire: what `CometServerApi.js` 3.x and 4.x sends and reads. PROTOCOL.md gives the rules by number. */
import type { App, Device, User } from './ids.ts';
import { limits } from './limits.ts';
import { Fault, isFault, parseApp, parseUser } from './rules.ts';

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
