import type { Undelivered } from '@encke/cluster';
import { parseAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { object, responses, userParams } from '../schemas.ts';
import { type Route, sendJson, userPath } from './route.ts';

/** `data` is stored as JSON text and goes out as it is; the other parts need no escaping. */
const messageText = ({ id, seq, event, data, time, expires }: Undelivered): string =>
  `{"id":"${id}","seq":${seq},"event":"${event}","data":${data},"time":${time},"expires":${expires}}`;

const milliseconds = { type: 'integer', description: 'Milliseconds since 1970.' };

export const getUserMessages: Route = ({ cluster }) => ({
  method: 'GET',
  url: `${userPath}/messages`,
  schema: {
    tags: ['messages'],
    summary: 'The messages that no device has confirmed, in order',
    params: userParams,
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
            time: milliseconds,
            expires: milliseconds,
          }),
        },
      }),
    ),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const messages = await cluster.undelivered(address.app, address.user);
    return sendJson(reply, 200, `{"messages":[${messages.map(messageText).join(',')}]}`);
  },
});
