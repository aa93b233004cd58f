import { parseChannelAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { channelParams, object, responses } from '../schemas.ts';
import { channelPath, type Route, sendJson } from './route.ts';

export const deleteChannelMessages: Route = ({ cluster }) => ({
  method: 'DELETE',
  url: `${channelPath}/messages`,
  schema: {
    tags: ['channels'],
    summary: 'Forget the messages that the channel keeps',
    params: channelParams,
    response: responses(200, object({ deleted: { type: 'integer' } })),
  },
  async handler(request, reply) {
    const address = parseChannelAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const deleted = await cluster.channels.clearHistory(address.app, address.channel);
    return sendJson(reply, 200, JSON.stringify({ deleted }));
  },
});
