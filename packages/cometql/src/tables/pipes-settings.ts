import { type Channel, limits } from '@encke/protocol';
import { invalid, required } from '../faults.ts';
import { isSqlFault, type SqlFault } from '../outcome.ts';
import { defineTable, type Fields } from './define.ts';
import { channelKey, channelOf, nameColumn } from './keys.ts';

/** More than a channel can keep means as much as it can keep. */
function lengthOf({ length: text }: Fields): number | SqlFault {
  if (text === undefined) return required('length');
  if (!/^[0-9]+$/.test(text))
    return invalid(`\`length\` must be a whole number from 0 to ${limits.history}`);
  return Math.min(Number(text), limits.history);
}

/** How many messages a channel keeps. */
export const pipesSettings = defineTable({
  name: 'pipes_settings',
  columns: [nameColumn, { name: 'length', length: 2 }],
  key: channelKey,
  insert: {
    row(fields) {
      const channel = channelOf(fields);
      if (isSqlFault(channel)) return channel;
      const length = lengthOf(fields);
      return isSqlFault(length) ? length : { channel, length };
    },
    store: ({ app, cluster }, { channel, length }) =>
      cluster.channels.setHistory(app, channel, length),
    id: () => 0,
    counts: true,
  },
  async read({ app, cluster }, name: Channel) {
    const length = await cluster.channels.settings(app, name);
    return length === undefined ? [] : [[name, String(length)]];
  },
  remove: async ({ app, cluster }, name) =>
    Number(await cluster.channels.removeSettings(app, name)),
});
