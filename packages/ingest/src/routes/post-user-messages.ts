import { parseAddress } from '../address.ts';
import { appendedFields, bodyBytes, parseMessage } from '../message.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { appended, bodyRefusals, messageBody, responses, userParams } from '../schemas.ts';
import { type Route, sendJson, userPath } from './route.ts';

export const postUserMessages: Route = ({ cluster, config, failures }) => ({
  method: 'POST',
  url: `${userPath}/messages`,
  bodyLimit: bodyBytes(config.maxMessage),
  schema: {
    tags: ['messages'],
    summary: 'Send one message to all devices of one user',
    params: userParams,
    body: messageBody,
    response: responses(202, appended, ...bodyRefusals),
  },
  async handler(request, reply) {
    const address = parseAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const message = parseMessage(address.app, address.user, request.body, config.maxMessage);
    if (isProblem(message)) return sendProblem(reply, message);
    try {
      return sendJson(reply, 202, `{${appendedFields(await cluster.append(message))}}`);
    } catch (error) {
      return sendProblem(reply, failures.problem(error, 'message', { ...address }));
    }
  },
});
