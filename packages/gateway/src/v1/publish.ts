import { encodeFrame, isFault, type Publish } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { notAllowed } from '../not-allowed.ts';
import { publish as publishMessage } from '../publish.ts';
import type { Session } from '../session.ts';

/** [V15] */
export async function publish(session: Session, frame: Publish, desk: Desk): Promise<string> {
  const { ref, data } = frame;
  // A string counts its own bytes.
  const counted = data.startsWith('"') ? (JSON.parse(data) as string) : data;
  const published = await publishMessage(session, { ...frame, counted }, desk);
  if (!isFault(published)) {
    const { subscribers, id, position } = published;
    return encodeFrame({ type: 'published', ref, subscribers, id, ...position });
  }
  const code = published === notAllowed.publish ? 'not-allowed' : 'bad-request';
  return encodeFrame({ type: 'refused', ref, code, message: published.text });
}
