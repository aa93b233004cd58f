import { parseChannelAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { channelParams, object, responses } from '../schemas.ts';
import { channelPath, type Route, sendJson } from './route.ts';

const text = { type: 'string' };

export const getChannelSubscribers: Route = ({ cluster }) => ({
  method: 'GET',
  url: `${channelPath}/subscribers`,
  schema: {
    tags: ['channels'],
    summary: 'Who is subscribed: an entry per socket',
    params: channelParams,
    response: responses(
      200,
      object({
        subscribers: {
          type: 'array',
          items: object({
            user: { type: 'integer', description: '0: anonymous.' },
            device: text,
            session: text,
            agent: text,
            ip: text,
            origin: text,
            language: text,
          }),
        },
      }),
    ),
  },
  async handler(request, reply) {
    const address = parseChannelAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const members = await cluster.channels.members(address.app, address.channel);
    const subscribers = members.map(({ user, device, session, agent, ip, origin, language }) => ({
      user,
      device,
      session,
      agent,
      ip,
      origin,
      language,
    }));
    return sendJson(reply, 200, JSON.stringify({ subscribers }));
  },
});
