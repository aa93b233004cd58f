import type { Command } from '../command.ts';
import { appPath, callIngest, clientHelp, clientOptions, dataOf } from '../ingest-client.ts';

export const publish: Command = {
  usage: 'publish <channel> <event> <data>',
  summary: 'publishes to a channel',
  help: `<data> is taken as JSON if it is JSON, else as a string. <event> may be empty ("").
Data that starts with a dash stands after \`--\`: encke publish news n -- -1

${clientHelp}`,
  options: clientOptions,
  arity: [3, 3],
  async run(invocation) {
    const [channel = '', event = '', data = ''] = invocation.args;
    const { subscribers } = await callIngest<{ subscribers: number }>(
      invocation,
      'POST',
      `${appPath(invocation, 'channels', channel)}/messages`,
      { event, data: dataOf(data) },
    );
    invocation.say(`told ${subscribers} ${subscribers === 1 ? 'subscriber' : 'subscribers'}`);
    return 0;
  },
};
