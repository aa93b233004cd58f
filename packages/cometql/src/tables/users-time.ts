import type { User } from '@encke/protocol';
import { defineTable } from './define.ts';
import { idColumn, timeColumn, userKey } from './keys.ts';

/** When users were last seen: 0 is online now, -1 never. A row for everybody who is asked for. */
export const usersTime = defineTable({
  name: 'users_time',
  columns: [idColumn, timeColumn],
  key: userKey,
  async read({ app, cluster }, user: User) {
    const { last } = await cluster.lastOnline(app, user);
    return [[String(user), String(last ?? -1)]];
  },
});
