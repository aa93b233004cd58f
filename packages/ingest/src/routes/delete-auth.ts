import { parseAddress } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { empty, responses, userParams } from '../schemas.ts';
import { type Route, userPath } from './route.ts';

export const deleteAuth: Route = ({ cluster }) => ({
  method: 'DELETE',
  url: `${userPath}/auth`,
  schema: {
    tags: ['users'],
    summary: 'Remove the hash; closes the sockets of this user',
    params: userParams,
    response: responses(204, empty),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    await cluster.removeHash(address.app, address.user);
    return reply.code(204).send();
  },
});
