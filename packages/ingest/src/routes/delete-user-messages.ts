import { parseAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { object, responses, userParams } from '../schemas.ts';
import { type Route, sendJson, userPath } from './route.ts';

export const deleteUserMessages: Route = ({ cluster }) => ({
  method: 'DELETE',
  url: `${userPath}/messages`,
  schema: {
    tags: ['messages'],
    summary: 'Empty the queue of this user',
    params: userParams,
    response: responses(200, object({ deleted: { type: 'integer' } })),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const deleted = await cluster.purge(address.app, address.user);
    return sendJson(reply, 200, JSON.stringify({ deleted }));
  },
});
