/** The old wire: `name\narg\n…` in, JSON lines out. PROTOCOL.md has the rules. */
import {
  type CloseName,
  closeCodes,
  encodeLegacyMessage,
  encodeRefusal,
  encodeServerInfo,
  isFault,
  parseLegacyCommand,
} from '@encke/protocol';
import { closeCleanly } from '../clean-close.ts';
import type { Session } from '../session.ts';
import type { Wire } from '../wire.ts';
import { subscription } from './subscription.ts';

/** [L13] The script comes back only after an unclean close: to move it, drop TCP; to end it for good, close cleanly. */
function end(session: Session, close: CloseName): void {
  if (closeCodes[close].reconnect) {
    session.flush();
    session.ws.terminate();
    return;
  }
  closeCleanly(session, 1000);
}

/** `old`: scripts before 4.0 want two more keys in every frame. */
export function legacyWire(server: string, old: boolean): Wire {
  return {
    pongConfirms: true,
    joinsLines: true,
    message: (id, message, queued) => encodeLegacyMessage(id, message, queued, old),
    ready: (_session, answer) =>
      encodeServerInfo(answer !== undefined, answer?.hash ?? '', server, old),
    missed: () => undefined,
    unavailable: (session) => session.end('unavailable'),
    receive(session, data, binary) {
      const command = binary ? undefined : parseLegacyCommand(data.toString());
      // [L10] anything else, empty or binary
      if (command === undefined) return session.end('badFrame');
      if (isFault(command)) return session.push(encodeRefusal(command.text, old));
      switch (command.name) {
        case 'subscription':
          return subscription(session, command.tooMany, old);
        case 'statistics':
          return;
        default:
          return session.push(encodeRefusal(`${command.name} is not available here`, old));
      }
    },
    end,
  };
}
