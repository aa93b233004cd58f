import { parseAddress } from '../address.ts';
import { isProblem, Problem, sendProblem } from '../problem.ts';
import { dataBody, responses, userParams } from '../schemas.ts';
import { type Route, sendJson, userPath } from './route.ts';

const none = new Problem(404, 'this user has no data');

export const getData: Route = ({ cluster }) => ({
  method: 'GET',
  url: `${userPath}/data`,
  schema: {
    tags: ['users'],
    summary: 'The public data of this user',
    params: userParams,
    response: responses(200, dataBody, 404),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const data = await cluster.data(address.app, address.user);
    if (data === undefined) return sendProblem(reply, none);
    return sendJson(reply, 200, `{"data":${data}}`);
  },
});
