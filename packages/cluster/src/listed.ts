import type { Context } from './context.ts';
import { PARTITIONS } from './keys.ts';

/**
 * All that the sets of the partitions hold. Asked when the bus is back, which may be before the connection for commands is:
 * it waits for that one. @throws RedisUnavailable
 */
export async function listed(
  { commands }: Context,
  key: (partition: number) => string,
): Promise<string[]> {
  await commands.connected();
  const lists = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) =>
      commands.send(['smembers', key(partition)]),
    ),
  );
  return (lists as string[][]).flat();
}
