/**
 * Who is online. A user is from the first session on any node until the grace time after the last one ended: a reload
 * makes no noise. Reading needs no worker; only the news of going offline is its job.
 */
import type { App, User } from '@encke/protocol';
import { ms } from './config.ts';
import type { Context } from './context.ts';
import { PARTITIONS, target } from './keys.ts';
import { scripts } from './scripts.ts';

/** Users in one step of settling, a partition. */
const STEP = 500;

export interface LastOnline {
  /** 0 online now, unix seconds when last seen, null never. */
  readonly last: number | null;
  /** Unix seconds, by Redis as well. */
  readonly now: number;
}

/** @throws RedisUnavailable */
export async function lastOnline(
  { commands, config, keys }: Context,
  app: App,
  user: User,
): Promise<LastOnline> {
  const name = target(app, user);
  const { record, sessions, partition } = keys.user(name);
  const names = [record, sessions, keys.leaving(partition)];
  const reply = await commands.run(scripts.lastOnline, names, [name, ms(config.offlineGrace)]);
  const [now, seen] = reply as [number, number];
  return { now: Math.floor(now / 1000), last: seen === -1 ? null : Math.floor(seen / 1000) };
}

/** All users of all apps that are online. @throws RedisUnavailable */
export async function countOnline({ commands, keys }: Context): Promise<number> {
  const counts = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, partition) =>
      commands.run(scripts.countOnline, [keys.online(partition), keys.leaving(partition)], []),
    ),
  );
  return counts.reduce<number>((sum, count) => sum + Number(count), 0);
}

/**
 * Ends the offline grace of those for whom it is over, by Redis' clock, and tells who subscribed to their status.
 * @returns users that went offline now. @throws RedisUnavailable
 */
export async function settleOffline({ commands, config, keys }: Context): Promise<number> {
  const grace = ms(config.offlineGrace);
  const lists = await Promise.all(
    Array.from({ length: PARTITIONS }, async (_, partition) => {
      const due = await commands.run(scripts.dueOffline, [keys.leaving(partition)], [grace, STEP]);
      return (due as string[]).map((name) => ({ name, partition }));
    }),
  );
  const counts = await Promise.all(
    lists.flat().map(({ name, partition }) => {
      const names = [
        keys.leaving(partition),
        keys.user(name, partition).sessions,
        keys.online(partition),
        keys.watchers(name, partition),
      ];
      return commands.run(scripts.settleOffline, names, [name, grace, keys.bus(partition)]);
    }),
  );
  return counts.reduce<number>((sum, count) => sum + Number(count), 0);
}
