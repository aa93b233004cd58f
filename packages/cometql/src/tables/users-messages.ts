import type { User } from '@encke/protocol';
import { isSqlFault } from '../outcome.ts';
import { defineTable } from './define.ts';
import {
  eventColumn,
  idColumn,
  indexColumn,
  messageOf,
  shownText,
  textColumn,
  userKey,
  userOf,
} from './keys.ts';

/** Messages to users. INSERT sends; what can be read is what no device has confirmed yet. */
export const usersMessages = defineTable({
  name: 'users_messages',
  columns: [idColumn, indexColumn, eventColumn, textColumn('message')],
  many: true,
  key: userKey,
  insert: {
    row(fields, caller) {
      const user = userOf(fields);
      if (isSqlFault(user)) return user;
      const message = messageOf(fields, caller);
      return isSqlFault(message) ? message : { user, ...message };
    },
    size: ({ data }) => data.length,
    store: ({ app, cluster }, { user, event, data }) => cluster.append({ app, user, event, data }),
    id: ({ user }): number => user,
    counts: false,
  },
  async read({ app, cluster }, user: User) {
    const messages = await cluster.undelivered(app, user);
    return messages.map(({ event, data }, i) => [String(user), String(i), event, shownText(data)]);
  },
  remove: ({ app, cluster }, user) => cluster.purge(app, user),
});
