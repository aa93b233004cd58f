import type { Channel } from '@encke/protocol';
import { defineTable } from './define.ts';
import { channelKey, nameColumn } from './keys.ts';

/** How many sockets are subscribed, on all nodes. A row for every channel that is asked for. */
export const pipes = defineTable({
  name: 'pipes',
  columns: [nameColumn, { name: 'users', length: 9 }],
  key: channelKey,
  async read({ app, cluster }, name: Channel) {
    return [[name, String(await cluster.channels.count(app, name))]];
  },
});
