import type { Command } from '../command.ts';
import { appPath, callIngest, clientHelp, clientOptions } from '../ingest-client.ts';

interface UserState {
  readonly online: boolean;
  /** Seconds since 1970. */
  readonly lastSeen: number | null;
  readonly queued: number;
  readonly sessions: readonly { session: string; device: string; node: string; since: number }[];
}

const time = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

function describe(user: string, state: UserState): string {
  const presence = state.online
    ? 'online'
    : state.lastSeen === null
      ? 'offline, never seen'
      : `offline, last seen ${time(state.lastSeen)}`;
  const lines = [
    `user ${user}: ${presence}, ${state.queued} undelivered`,
    ...state.sessions.map(
      (s) => `  session ${s.session}  device ${s.device}  node ${s.node}  since ${time(s.since)}`,
    ),
  ];
  return lines.join('\n');
}

export const user: Command = {
  usage: 'user <user>',
  summary: 'shows whether a user is online, on which devices, and what waits',
  help: `  --json       the answer of ingest as it is
${clientHelp}`,
  options: { ...clientOptions, json: { type: 'boolean' } },
  arity: [1, 1],
  async run(invocation) {
    const [id = ''] = invocation.args;
    const state = await callIngest<UserState>(invocation, 'GET', appPath(invocation, 'users', id));
    invocation.say(invocation.options.json ? JSON.stringify(state) : describe(id, state));
    return 0;
  },
};
