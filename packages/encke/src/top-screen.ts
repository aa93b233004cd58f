/** What `encke top` shows. */

/** The answer of `GET /v1/status`. */
export interface Status {
  readonly usersOnline: number;
  readonly sessions: number;
  readonly connections: number;
  readonly unconfirmed: number;
  readonly messages: number;
  /** Seconds. */
  readonly uptime: number;
  readonly redisMilliseconds: number;
  readonly gateways: readonly {
    readonly node: string;
    readonly sessions: number;
    readonly connections: number;
    readonly unconfirmed: number;
    /** Seconds since 1970. */
    readonly since: number;
  }[];
}

export interface Look {
  readonly status: Status;
  /** Milliseconds by a steady clock. */
  readonly at: number;
}

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(Math.floor(seconds) % 60).padStart(2, '0');
  return `${hours}:${String(minutes).padStart(2, '0')}:${rest}`;
}

/** Undefined: there was no look before, or Redis has been emptied since. */
function rate(now: Look, before: Look | undefined): number | undefined {
  if (before === undefined || now.at <= before.at) return undefined;
  const fresh = now.status.messages - before.status.messages;
  return fresh < 0 ? undefined : fresh / ((now.at - before.at) / 1_000);
}

function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
}

/** `size`: of the terminal that it must fit into; absent: any length will do. */
export function screen(now: Look, before: Look | undefined, size?: Size): string {
  const { status } = now;
  const messages = rate(now, before);
  const totals = layOut([
    ['users online', 'sessions', 'sockets', 'messages/s', 'accepted', 'unconfirmed', 'Redis ms'],
    [
      whole(status.usersOnline),
      whole(status.sessions),
      whole(status.connections),
      messages === undefined ? '–' : whole(messages),
      whole(status.messages),
      whole(status.unconfirmed),
      status.redisMilliseconds.toFixed(2),
    ],
  ]);
  // A gateway's age: all that is known is the age of the oldest and when each began.
  const oldest = Math.min(...status.gateways.map(({ since }) => since));
  const gateways = layOut([
    ['gateway', 'sessions', 'sockets', 'unconfirmed', 'up'],
    ...status.gateways.map(({ node, sessions, connections, unconfirmed, since }) => [
      ...[node, whole(sessions), whole(connections), whole(unconfirmed)],
      duration(Math.max(0, status.uptime - (since - oldest))),
    ]),
  ]);
  const lines = [...totals, '', ...(status.gateways.length === 0 ? ['no gateway'] : gateways)];
  if (size === undefined) return lines.join('\n');
  const hidden = lines.length - (size.rows - 1);
  const shown = hidden > 0 ? [...lines.slice(0, size.rows - 2), `… ${hidden + 1} more`] : lines;
  return shown.map((line) => line.slice(0, size.columns)).join('\n');
}
