import { Fault, isFault, parseHash, parseTtl } from '@encke/protocol';
import { parseAddress } from '../address.ts';
import { isObject, unknownFields } from '../message.ts';
import { invalid, isProblem, type Problem, sendProblem } from '../problem.ts';
import { bodyRefusals, empty, hashBody, responses, userParams } from '../schemas.ts';
import { type Route, userPath } from './route.ts';

interface Auth {
  readonly hash: string;
  readonly ttl: number | undefined;
}

const known = new Set(['hash', 'ttl']);

function parseAuth(body: unknown): Auth | Problem {
  if (isProblem(body)) return body;
  if (!isObject(body)) return invalid(new Fault('body', 'must be a JSON object'));
  const hash = parseHash(body.hash);
  const ttl = parseTtl(body.ttl);
  const [first, ...others] = [hash, ttl, ...unknownFields(body, known)].filter(isFault);
  if (first !== undefined || isFault(hash) || isFault(ttl))
    return invalid(first ?? new Fault('body', 'is invalid'), ...others);
  return { hash, ttl };
}

export const putAuth: Route = ({ cluster }) => ({
  method: 'PUT',
  url: `${userPath}/auth`,
  schema: {
    tags: ['users'],
    summary: 'Set the hash with which this user signs in',
    params: userParams,
    body: hashBody,
    response: responses(204, empty, ...bodyRefusals),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const auth = parseAuth(request.body);
    if (isProblem(auth)) return sendProblem(reply, auth);
    await cluster.setHash(address.app, address.user, auth.hash, auth.ttl);
    return reply.code(204).send();
  },
});
