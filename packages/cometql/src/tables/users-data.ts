import type { User } from '@encke/protocol';
import { isSqlFault } from '../outcome.ts';
import { defineTable } from './define.ts';
import { dataOf, idColumn, shownText, textColumn, userKey, userOf } from './keys.ts';

/** What every browser of the app may read about a user. */
export const usersData = defineTable({
  name: 'users_data',
  columns: [idColumn, textColumn('data')],
  key: userKey,
  insert: {
    row(fields, caller) {
      const user = userOf(fields);
      if (isSqlFault(user)) return user;
      const data = dataOf(fields, 'data', caller);
      return isSqlFault(data) ? data : { user, data };
    },
    size: ({ data }) => data.length,
    store: ({ app, cluster }, { user, data }) => cluster.setData(app, user, data),
    id: ({ user }): number => user,
    counts: true,
  },
  async read({ app, cluster }, user: User) {
    const data = await cluster.data(app, user);
    return data === undefined ? [] : [[String(user), shownText(data)]];
  },
  remove: async ({ app, cluster }, user) => Number(await cluster.removeData(app, user)),
});
