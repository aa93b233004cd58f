import { Fault } from '@encke/protocol';
import { parseAddress } from '../address.ts';
import { isObject, unknownFields } from '../message.ts';
import { invalid, isProblem, type Problem, sendProblem } from '../problem.ts';
import { bodyRefusals, object, responses, userParams } from '../schemas.ts';
import { type Route, sendJson, userPath } from './route.ts';

const known = new Set(['reconnect']);

/** No body at all means: stay away. */
function parseReconnect(body: unknown): boolean | Problem {
  if (body === undefined || isProblem(body)) return body ?? false;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  const [stranger] = unknownFields(body, known);
  if (stranger !== undefined) return invalid(stranger);
  const { reconnect = false } = body;
  if (typeof reconnect !== 'boolean')
    return invalid(new Fault('reconnect', 'must be true or false'));
  return reconnect;
}

export const postDisconnect: Route = ({ cluster }) => ({
  method: 'POST',
  url: `${userPath}/disconnect`,
  schema: {
    tags: ['users'],
    summary: 'Close the sockets of this user',
    params: userParams,
    body: object({
      reconnect: {
        type: 'boolean',
        default: false,
        description: 'true: the devices come back at once; false: they stay away.',
      },
    }),
    response: responses(202, object({ sessions: { type: 'integer' } }), ...bodyRefusals),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const reconnect = parseReconnect(request.body);
    if (isProblem(reconnect)) return sendProblem(reply, reconnect);
    const sessions = await cluster.disconnect(address.app, address.user, reconnect);
    return sendJson(reply, 202, JSON.stringify({ sessions }));
  },
});
