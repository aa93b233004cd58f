import { Fault } from '@encke/protocol';
import { parseAddress } from '../address.ts';
import { bodyBytes, encodeData, isObject, unknownFields } from '../message.ts';
import { invalid, isProblem, type Problem, sendProblem } from '../problem.ts';
import { bodyRefusals, dataBody, empty, responses, userParams } from '../schemas.ts';
import { type Route, userPath } from './route.ts';

const known = new Set(['data']);

/** The JSON text to store. */
function parseData(body: unknown, maxMessage: number): string | Problem {
  if (isProblem(body)) return body;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  const strangers = unknownFields(body, known);
  if (body.data === undefined) return invalid(new Fault('data', 'is required'), ...strangers);
  const [first, ...others] = strangers;
  return first ? invalid(first, ...others) : encodeData(body.data, maxMessage);
}

export const putData: Route = ({ cluster, config }) => ({
  method: 'PUT',
  url: `${userPath}/data`,
  bodyLimit: bodyBytes(config.maxMessage),
  schema: {
    tags: ['users'],
    summary: 'Set the public data of this user, which every browser of the app may read',
    params: userParams,
    body: dataBody,
    response: responses(204, empty, ...bodyRefusals),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const data = parseData(request.body, config.maxMessage);
    if (isProblem(data)) return sendProblem(reply, data);
    await cluster.setData(address.app, address.user, data);
    return reply.code(204).send();
  },
});
