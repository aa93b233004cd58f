import { isFault, limits, parseHash, type User } from '@encke/protocol';
import { broken, required } from '../faults.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import { defineTable, type Fields } from './define.ts';
import { idColumn, userKey, userOf } from './keys.ts';

function hashOf({ hash: text }: Fields): string | SqlFault {
  if (text === undefined) return required('hash');
  const hash = parseHash(text);
  return isFault(hash) ? broken(hash, text, limits.hashLength) : hash;
}

/** Who may sign in. Deleting a row closes the sockets of that user. */
export const usersAuth = defineTable({
  name: 'users_auth',
  columns: [idColumn, { name: 'hash', length: limits.hashLength }],
  key: userKey,
  insert: {
    row(fields) {
      const user = userOf(fields);
      if (isSqlFault(user)) return user;
      const hash = hashOf(fields);
      return isSqlFault(hash) ? hash : { user, hash };
    },
    store: ({ app, cluster }, { user, hash }) => cluster.setHash(app, user, hash),
    id: ({ user }): number => user,
    counts: true,
  },
  async read({ app, cluster }, user: User) {
    const hash = await cluster.hash(app, user);
    return hash === undefined ? [] : [[String(user), hash]];
  },
  remove: async ({ app, cluster }, user) => Number(await cluster.removeHash(app, user)),
});
