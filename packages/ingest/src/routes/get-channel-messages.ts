import type { ChannelMessage } from '@encke/cluster';
import { parseChannelAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { channelParams, object, responses } from '../schemas.ts';
import { channelPath, type Route, sendJson } from './route.ts';

/** `data` is stored as JSON text and goes out as it is; the other parts need no escaping. */
function messageText({ id, position, event, data, time, user }: ChannelMessage): string {
  const sender = user === undefined ? '' : `,"user":${user}`;
  return `{"id":"${id}","seq":${position?.seq ?? 0},"event":"${event}","data":${data},"time":${time}${sender}}`;
}

export const getChannelMessages: Route = ({ cluster }) => ({
  method: 'GET',
  url: `${channelPath}/messages`,
  schema: {
    tags: ['channels'],
    summary: 'The messages that the channel keeps, oldest first',
    params: channelParams,
    response: responses(
      200,
      object({
        messages: {
          type: 'array',
          items: object({
            id: { type: 'string' },
            seq: { type: 'integer' },
            event: { type: 'string' },
            data: {},
            time: { type: 'integer', description: 'Milliseconds since 1970.' },
            user: {
              type: 'integer',
              description:
                'Who published from a browser, 0 unnamed; absent: an application server.',
            },
          }),
        },
      }),
    ),
  },
  async handler(request, reply) {
    const address = parseChannelAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const { messages } = await cluster.channels.history(address.app, address.channel);
    return sendJson(reply, 200, `{"messages":[${messages.map(messageText).join(',')}]}`);
  },
});
