/** The wire `encke.v1`. The frames are declared in `@encke/protocol`; PROTOCOL.md has the rules. */
import {
  type ChannelClientFrame,
  type CloseName,
  closeCodes,
  encodeChannel,
  encodeFrame,
  encodeMessage,
  Fault,
  isFault,
  parseClientFrame,
} from '@encke/protocol';
import { answer, type Desk } from '../desk.ts';
import type { Entrance } from '../entrance.ts';
import type { Session } from '../session.ts';
import type { Wire } from '../wire.ts';
import { ack } from './ack.ts';
import { count } from './count.ts';
import { hello } from './hello.ts';
import { history } from './history.ts';
import { members } from './members.ts';
import { publish } from './publish.ts';
import { subscribe } from './subscribe.ts';
import { userData } from './user-data.ts';
import { userStatus } from './user-status.ts';

const binaryFault = new Fault('frame', 'must be text, not binary');
const secondHello = new Fault('type', 'must not be hello again: it is the first frame only');

const beforeHello = new Fault('type', 'must be hello in the first frame');

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
  session.flush();
  session.ws.close(code, reason);
}

function ask(session: Session, frame: ChannelClientFrame, desk: Desk): Promise<string | undefined> {
  switch (frame.type) {
    case 'subscribe':
      return subscribe(session, frame, desk.channels);
    case 'unsubscribe':
      desk.channels.unsubscribe(session, frame.channel);
      return Promise.resolve(undefined);
    case 'publish':
      return publish(session, frame, desk);
    case 'history':
      return history(session, frame, desk);
    case 'count':
      return count(session, frame, desk);
    case 'members':
      return members(session, frame, desk);
    case 'user-data':
      return userData(session, frame, desk);
    case 'user-status':
      return userStatus(session, frame, desk);
  }
}

/** [V12] After the hello; then, whatever comes of it, the socket stays. */
function serve(session: Session, frame: ChannelClientFrame, desk: Desk): void {
  if (session.state === 'opened') {
    refuse(session, beforeHello);
    return;
  }
  const named = 'ref' in frame ? { ref: frame.ref } : { channel: frame.channel };
  void answer(session, desk, ask(session, frame, desk), (message) =>
    encodeFrame({ type: 'refused', ...named, code: 'unavailable', message }),
  );
}

export function v1Wire(entrance: Entrance, desk: Desk): Wire {
  return {
    form: 0,
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
    channel: encodeChannel,
    channelMissed: (channel, { epoch, seq }) =>
      encodeFrame({ type: 'channel-missed', channel, epoch, seq }),
    membership: (channel, change, { user, device, session }) =>
      encodeFrame({ type: change, channel, user, device, session }),
    presence: (user, online, time) => encodeFrame({ type: 'presence', user, online, time }),
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
          hello(session, frame, entrance).catch((error) => desk.fault(error, session));
          return;
        case 'ack':
          return ack(session, frame, refuse);
        case 'ping':
          return session.push('{"type":"pong"}');
        case 'refused':
          if (session.state === 'opened') return refuse(session, beforeHello);
          return session.push(encodeFrame(frame));
        default:
          return serve(session, frame, desk);
      }
    },
    end,
  };
}
