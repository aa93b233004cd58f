import { channelKind, type Session } from '@encke/protocol';
import type { Context } from './context.ts';
import { parseChannelTarget } from './keys.ts';
import { scripts } from './scripts.ts';

/** Whether the subscribers of `app:channel` are told who comes and goes. */
export const isTracked = (name: string): boolean =>
  channelKind(parseChannelTarget(name).channel) === 'track';

/**
 * Removes a node's members of a channel: all, when it is dead; else all but those it holds.
 * @throws RedisUnavailable
 */
export async function sweepChannel(
  { commands, keys }: Context,
  node: string,
  name: string,
  held?: readonly Session[],
): Promise<void> {
  const { partition, route, members } = keys.channel(name);
  const names = [
    route,
    members,
    keys.nodeChannels(partition, node),
    keys.nodeSwept(partition, node),
  ];
  const args = [keys.bus(partition), name, node, isTracked(name) ? '1' : ''];
  let cursor = '0';
  do {
    const rest = [cursor, held ? '' : '1', ...(held ?? [])];
    const next = await commands.run(scripts.sweepChannel, names, [...args, ...rest]);
    cursor = next as string;
  } while (cursor !== '0');
}
