import { type Channel, isFault, publishable } from '@encke/protocol';
import { invalid } from '../faults.ts';
import { isSqlFault } from '../outcome.ts';
import { defineTable } from './define.ts';
import {
  channelKey,
  channelOf,
  eventColumn,
  indexColumn,
  messageOf,
  nameColumn,
  shownText,
  textColumn,
  timeColumn,
} from './keys.ts';

/** Messages to channels. INSERT publishes; what can be read is the history that pipes_settings keeps. */
export const pipesMessages = defineTable({
  name: 'pipes_messages',
  columns: [
    { name: 'id', length: 64 },
    timeColumn,
    nameColumn,
    indexColumn,
    eventColumn,
    textColumn('message'),
    { name: 'user_id', length: 9 },
  ],
  primary: 'name',
  many: true,
  key: channelKey,
  insert: {
    row(fields, caller) {
      const name = channelOf(fields);
      if (isSqlFault(name)) return name;
      const channel = publishable(name, 'name');
      if (isFault(channel)) return invalid(channel.text);
      const message = messageOf(fields, caller);
      return isSqlFault(message) ? message : { channel, ...message };
    },
    size: ({ data }) => data.length,
    store: ({ app, cluster }, { channel, event, data }) =>
      cluster.channels.publish({ app, channel, event, data }),
    id: () => 0,
    counts: false,
  },
  async read({ app, cluster }, name: Channel) {
    const { messages } = await cluster.channels.history(app, name);
    return messages.map(({ id, time, event, data, user = 0 }, i) => {
      const seconds = String(Math.floor(time / 1000));
      return [id, seconds, name, String(i), event, shownText(data), String(user)];
    });
  },
  remove: ({ app, cluster }, name) => cluster.channels.clearHistory(app, name),
});
