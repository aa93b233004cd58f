import type { Device, Hello, Session as SessionId } from '@encke/protocol';
import type { Entrance } from '../entrance.ts';
import type { Session } from '../session.ts';

/** [V3] The key comes in this frame, not in the URL. A device that gives no id is as new each time. */
export function hello(session: Session, frame: Hello, entrance: Entrance): Promise<void> {
  const { app, user, key = '', device = ownDevice(session.id), resume } = frame;
  return entrance.admit(session, { app, user, key, device, resume });
}

const ownDevice = (id: SessionId): Device => id.replace('.', '-') as string as Device;
