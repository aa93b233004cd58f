/** The old wire: `name\narg\n…` in, JSON lines out. PROTOCOL.md has the rules. */
import {
  type CloseName,
  closeCodes,
  encodeLegacyChannel,
  encodeLegacyMembership,
  encodeLegacyMessage,
  encodeLegacyPresence,
  encodeRefusal,
  encodeServerInfo,
  isFault,
  type LegacyCommand,
  parseLegacyCommand,
  statusChannel,
} from '@encke/protocol';
import { answer, type Desk } from '../desk.ts';
import type { Session } from '../session.ts';
import type { Wire } from '../wire.ts';
import { pipeCount } from './pipe-count.ts';
import { pipeLog } from './pipe-log.ts';
import { subscription } from './subscription.ts';
import { trackPipeUsers } from './track-pipe-users.ts';
import { userData } from './user-data.ts';
import { userStatus } from './user-status.ts';
import { webPipe2 } from './web-pipe2.ts';

/** [L13] The script comes back only after an unclean close: to move it, drop TCP; to end it for good, close cleanly. */
function end(session: Session, close: CloseName): void {
  session.flush();
  if (closeCodes[close].reconnect) session.ws.terminate();
  else session.ws.close(1000);
}

type Question = Exclude<LegacyCommand, { name: 'statistics' }>;

function ask(
  session: Session,
  command: Question,
  desk: Desk,
  old: boolean,
): Promise<string | undefined> {
  switch (command.name) {
    case 'subscription':
      return subscription(session, command, desk.channels, old);
    case 'web_pipe2':
      return webPipe2(session, command, desk, old);
    case 'pipe_log':
      return pipeLog(session, command, desk, old);
    case 'pipe_count':
      return pipeCount(session, command, desk, old);
    case 'track_pipe_users':
      return trackPipeUsers(session, command, desk, old);
    case 'user_data':
      return userData(session, command, desk, old);
    case 'user_status':
      return userStatus(session, command, desk, old);
  }
}

/** `old`: scripts before 4.0 want two more keys in every frame. */
export function legacyWire(server: string, old: boolean, desk: Desk): Wire {
  const refuse = (text: string): string => encodeRefusal(text, old);
  return {
    form: old ? 2 : 1,
    pongConfirms: true,
    joinsLines: true,
    message: (id, message, queued) => encodeLegacyMessage(id, message, queued, old),
    ready: (_session, answer) =>
      encodeServerInfo(answer !== undefined, answer?.hash ?? '', server, old),
    missed: () => undefined,
    channel: (channel, message, history) => encodeLegacyChannel(channel, message, history, old),
    channelMissed: () => undefined,
    membership: (channel, change, who) => encodeLegacyMembership(channel, change, who, old),
    presence: (user, online) => encodeLegacyPresence(statusChannel(user), online, old),
    unavailable: (session) => session.end('unavailable'),
    receive(session, data, binary) {
      const command = binary ? undefined : parseLegacyCommand(data.toString(), session.admitted);
      // [L10] anything else, empty or binary
      if (command === undefined) return session.end('badFrame');
      if (isFault(command)) return session.push(refuse(command.text));
      if (command.name === 'statistics') return;
      void answer(session, desk, ask(session, command, desk, old), refuse);
    },
    end,
  };
}
