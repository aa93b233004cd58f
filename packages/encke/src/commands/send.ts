import { type Command, option, wholeOption } from '../command.ts';
import { appPath, callIngest, clientHelp, clientOptions, dataOf } from '../ingest-client.ts';

interface Accepted {
  readonly id: string;
  readonly sessions: number;
}

const week = 604_800;

function outcome({ id, sessions }: Accepted): string {
  if (sessions === 0) return `${id}: nobody is connected, it waits in the inbox`;
  return `${id}: told ${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
}

export const send: Command = {
  usage: 'send <user> <event> <data>',
  summary: 'sends a private message',
  help: `<data> is taken as JSON if it is JSON, else as a string. <event> may be empty ("").
Data that starts with a dash stands after \`--\`: encke send 7 n -- -1

  --ttl s      seconds it waits for a user who is away (ENCKE_OFFLINE_TTL of ingest)
${clientHelp}`,
  options: { ...clientOptions, ttl: { type: 'string' } },
  arity: [3, 3],
  async run(invocation) {
    const [user = '', event = '', data = ''] = invocation.args;
    const ttl =
      option(invocation, 'ttl') === undefined
        ? undefined
        : wholeOption(invocation, 'ttl', [1, week, 1]);
    const path = `${appPath(invocation, 'users', user)}/messages`;
    const body = { event, data: dataOf(data), ttl };
    const accepted = await callIngest<Accepted>(invocation, 'POST', path, body);
    invocation.say(outcome(accepted));
    return 0;
  },
};
