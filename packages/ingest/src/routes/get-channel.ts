import { limits } from '@encke/protocol';
import { parseChannelAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { channelParams, object, responses } from '../schemas.ts';
import { channelPath, type Route, sendJson } from './route.ts';

export const getChannel: Route = ({ cluster }) => ({
  method: 'GET',
  url: channelPath,
  schema: {
    tags: ['channels'],
    summary: 'How many are subscribed, and how many messages the channel keeps',
    params: channelParams,
    response: responses(
      200,
      object({
        subscribers: { type: 'integer', description: 'Sockets, on all gateways.' },
        history: { type: 'integer', minimum: 0, maximum: limits.history },
      }),
    ),
  },
  async handler(request, reply) {
    const address = parseChannelAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const { app, channel } = address;
    const [subscribers, history = 0] = await Promise.all([
      cluster.channels.count(app, channel),
      cluster.channels.settings(app, channel),
    ]);
    return sendJson(reply, 200, JSON.stringify({ subscribers, history }));
  },
});
