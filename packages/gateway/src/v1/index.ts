/** The wire `encke.v1`. The frames are declared in `@encke/protocol`; PROTOCOL.md has the rules. */
import {
  type CloseName,
  closeCodes,
  encodeFrame,
  encodeMessage,
  Fault,
  isFault,
  parseClientFrame,
} from '@encke/protocol';
import { closeCleanly } from '../clean-close.ts';
import type { Entrance } from '../entrance.ts';
import type { Session } from '../session.ts';
import type { Wire } from '../wire.ts';
import { ack } from './ack.ts';
import { hello } from './hello.ts';

const binaryFault = new Fault('frame', 'must be text, not binary');
const secondHello = new Fault('type', 'must not be hello again: it is the first frame only');

const notYet = new Fault('type', 'must be one of hello, ack, ping: channels are not served yet');

/** [V2] A frame that breaks a rule is answered with the field and the rule, then the socket is closed for good. */
function refuse(session: Session, fault: Fault): void {
  session.push(encodeFrame({ type: 'error', code: 'bad-frame', message: fault.text }));
  session.flush();
  session.end('badFrame');
}

function end(session: Session, close: CloseName): void {
  const { code, reason } = closeCodes[close];
  if (close === 'slow' || close === 'silent') {
    // No close frame would get through.
    session.ws.terminate();
    return;
  }
  closeCleanly(session, code, reason);
}

export function v1Wire(
  entrance: Entrance,
  onFault: (error: unknown, session: Session) => void,
): Wire {
  return {
    pongConfirms: false,
    joinsLines: false,
    message: encodeMessage,
    ready: (session, answer) =>
      encodeFrame({
        type: 'ready',
        authorized: answer !== undefined,
        session: session.id,
        ...(answer && { epoch: session.epoch, seq: session.sent }),
        resumed: answer?.resumed ?? false,
      }),
    missed: (session) => encodeFrame({ type: 'missed', epoch: session.epoch, seq: session.sent }),
    unavailable(session) {
      session.push(
        encodeFrame({ type: 'error', code: 'unavailable', message: 'try again in a moment' }),
      );
      session.end('unavailable');
    },
    receive(session, data, binary) {
      const frame = binary ? binaryFault : parseClientFrame(data.toString());
      if (isFault(frame)) return refuse(session, frame);
      switch (frame.type) {
        case 'hello':
          if (session.state !== 'opened') return refuse(session, secondHello);
          session.state = 'attaching';
          hello(session, frame, entrance).catch((error) => onFault(error, session));
          return;
        case 'ack':
          return ack(session, frame, refuse);
        case 'ping':
          return session.push('{"type":"pong"}');
        case 'refused':
          return session.push(encodeFrame(frame));
        default:
          return refuse(session, notYet);
      }
    },
    end,
  };
}
