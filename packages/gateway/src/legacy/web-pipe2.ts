import { encodeLegacyPublished, encodeRefusal, isFault, type WebPipe2 } from '@encke/protocol';
import type { Desk } from '../desk.ts';
import { publish } from '../publish.ts';
import type { Session } from '../session.ts';

/** [L15] The payload goes on as the text it is. */
export async function webPipe2(
  session: Session,
  command: WebPipe2,
  desk: Desk,
  old: boolean,
): Promise<string> {
  const { channel, payload } = command;
  const message = { ...command, data: JSON.stringify(payload), counted: payload };
  const published = await publish(session, message, desk);
  return isFault(published)
    ? encodeRefusal(published.text, old)
    : encodeLegacyPublished(channel, payload, published.subscribers, old);
}
