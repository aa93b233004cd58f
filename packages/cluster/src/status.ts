/** The installation at a glance: its living gateways, its users, its messages. */
import type { Context } from './context.ts';
import { SUSPECT_AFTER } from './nodes.ts';
import { countOnline } from './presence.ts';
import { scripts } from './scripts.ts';

export interface Status {
  /** Living gateways. */
  readonly nodes: number;
  /** Users online on any of them, of all apps. */
  readonly usersOnline: number;
  /** Sockets of known users. */
  readonly sessions: number;
  /** All sockets. */
  readonly connections: number;
  /** Messages written to sockets and not confirmed yet. */
  readonly unconfirmed: number;
  /** Private and channel messages accepted since Redis was empty, as far as they were reported. */
  readonly messages: number;
  /** Seconds, of the gateway that has been running longest. */
  readonly uptime: number;
  readonly gateways: readonly GatewayStatus[];
}

export interface GatewayStatus {
  readonly node: string;
  readonly sessions: number;
  readonly connections: number;
  readonly unconfirmed: number;
  /** Unix seconds when it started, by Redis' clock. */
  readonly since: number;
}

/** @throws RedisUnavailable */
export async function readStatus(context: Context): Promise<Status> {
  const { commands, keys } = context;
  const [reply, usersOnline] = await Promise.all([
    commands.run(scripts.readNodes, [keys.nodes, keys.loads, keys.accepted], [SUSPECT_AFTER]),
    countOnline(context),
  ]);
  const [now, messages, ...rest] = reply as [number, number, ...string[]];
  const gateways: GatewayStatus[] = [];
  for (let i = 0; i + 2 < rest.length; i += 3) {
    const [uptime = 0, sessions = 0, connections = 0, unconfirmed = 0] = (rest[i + 2] as string)
      .split(' ')
      .map(Number);
    const since = Math.floor((Number(rest[i + 1]) - uptime) / 1000);
    gateways.push({ node: rest[i] as string, sessions, connections, unconfirmed, since });
  }
  gateways.sort((a, b) => a.since - b.since);
  const oldest = gateways[0]?.since ?? now / 1000;
  return {
    nodes: gateways.length,
    usersOnline,
    sessions: gateways.reduce((sum, { sessions }) => sum + sessions, 0),
    connections: gateways.reduce((sum, { connections }) => sum + connections, 0),
    unconfirmed: gateways.reduce((sum, { unconfirmed }) => sum + unconfirmed, 0),
    messages,
    uptime: Math.max(0, Math.floor(now / 1000 - oldest)),
    gateways,
  };
}
