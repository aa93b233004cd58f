import { type Channel, limits } from '@encke/protocol';
import { defineTable } from './define.ts';
import { channelKey, nameColumn } from './keys.ts';

/** Who is subscribed: a row a socket. */
export const usersInPipes = defineTable({
  name: 'users_in_pipes',
  columns: [
    nameColumn,
    { name: 'user_id', length: 9 },
    { name: 'user_uuid', length: limits.deviceLength },
    { name: 'user_agent', length: 1_024 },
    { name: 'ip', length: 64 },
    { name: 'origin', length: 1_024 },
    { name: 'language', length: 1_024 },
  ],
  many: true,
  key: channelKey,
  async read({ app, cluster }, name: Channel) {
    const members = await cluster.channels.members(app, name);
    return members.map(({ user, device, agent, ip, origin, language }) => {
      return [name, String(user), device, agent, ip, origin, language];
    });
  },
});
