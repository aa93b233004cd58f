import { parseAppParam } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { parseRevokedToken, tokenBytes } from '../revoked-token.ts';
import { appParams, bodyRefusals, empty, responses, tokenBody } from '../schemas.ts';
import { type Route, revokedTokensPath } from './route.ts';

export const deleteRevokedTokens: Route = ({ cluster }) => ({
  method: 'DELETE',
  url: revokedTokensPath,
  bodyLimit: tokenBytes,
  schema: {
    tags: ['users'],
    summary: 'Let a revoked token sign in again',
    params: appParams,
    body: tokenBody,
    response: responses(204, empty, ...bodyRefusals),
  },
  async handler(request, reply) {
    const app = parseAppParam(request.params);
    if (isProblem(app)) return sendProblem(reply, app);
    const token = parseRevokedToken(request.body);
    if (isProblem(token)) return sendProblem(reply, token);
    await cluster.unrevoke(app, token);
    return reply.code(204).send();
  },
});
