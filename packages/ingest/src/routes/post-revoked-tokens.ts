import { parseAppParam } from '../address.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { parseRevokedToken, tokenBytes } from '../revoked-token.ts';
import { appParams, bodyRefusals, empty, responses, tokenBody } from '../schemas.ts';
import { type Route, revokedTokensPath } from './route.ts';

export const postRevokedTokens: Route = ({ cluster }) => ({
  method: 'POST',
  url: revokedTokensPath,
  bodyLimit: tokenBytes,
  schema: {
    tags: ['users'],
    summary:
      'Revoke a token (JWT): nobody signs in with it any more, and the sockets that live on it close',
    params: appParams,
    body: tokenBody,
    response: responses(204, empty, ...bodyRefusals),
  },
  async handler(request, reply) {
    const app = parseAppParam(request.params);
    if (isProblem(app)) return sendProblem(reply, app);
    const token = parseRevokedToken(request.body);
    if (isProblem(token)) return sendProblem(reply, token);
    await cluster.revoke(app, token);
    return reply.code(204).send();
  },
});
