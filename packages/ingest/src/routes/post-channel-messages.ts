import { parseChannelAddress } from '../address.ts';
import { bodyBytes } from '../message.ts';
import { isProblem, sendProblem } from '../problem.ts';
import { parsePublish, publishedFields } from '../publish.ts';
import { bodyRefusals, channelParams, object, publishBody, responses } from '../schemas.ts';
import { channelPath, type Route, sendJson } from './route.ts';

export const postChannelMessages: Route = ({ cluster, config, failures }) => ({
  method: 'POST',
  url: `${channelPath}/messages`,
  bodyLimit: bodyBytes(config.maxMessage),
  schema: {
    tags: ['channels'],
    summary: 'Publish one message to all subscribers of one channel',
    params: channelParams,
    body: publishBody,
    response: responses(
      202,
      object({ subscribers: { type: 'integer', description: 'Sockets told at once.' } }),
      ...bodyRefusals,
    ),
  },
  async handler(request, reply) {
    const address = parseChannelAddress(request.params);
    if (isProblem(address)) return sendProblem(reply, address);
    const { app, channel } = address;
    const message = parsePublish(app, channel, request.body, config.maxMessage);
    if (isProblem(message)) return sendProblem(reply, message);
    try {
      const published = await cluster.channels.publish(message);
      return sendJson(reply, 202, `{${publishedFields(published)}}`);
    } catch (error) {
      return sendProblem(reply, failures.problem(error, 'publish', { ...address }));
    }
  },
});
