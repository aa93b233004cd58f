/** What a device may not do with a channel, in the words of both wires. [N1] */
import { Fault } from '@encke/protocol';

export const notAllowed = {
  subscribe: new Fault('channel', 'must be one that this socket may subscribe to'),
  publish: new Fault('channel', 'must begin with web_, or with webauth_ when the key was accepted'),
  count: new Fault('channel', 'must begin with web_ or track_'),
  members: new Fault('channel', 'must begin with track_'),
} as const;
