import type { Context } from './context.ts';
import { PARTITIONS } from './keys.ts';

/** All that the sets of the partitions hold. @throws RedisUnavailable */
export async function listed(
  { commands }: Context,
  key: (partition: number) => string,
): Promise<string[]> {
  const lists = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) =>
      commands.send(['smembers', key(partition)]),
    ),
  );
  return (lists as string[][]).flat();
}
