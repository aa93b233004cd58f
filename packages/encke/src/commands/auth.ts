import { randomBytes } from 'node:crypto';
import { type Command, UsageError } from '../command.ts';
import { appPath, callIngest, clientHelp, clientOptions } from '../ingest-client.ts';

/** 32 characters of the alphabet that a hash may have. */
const randomHash = () => randomBytes(24).toString('base64url');

export const auth: Command = {
  usage: 'auth <user> [hash]',
  summary: 'lets a user sign in with a hash',
  help: `Stores the hash that this user's devices must send; without one a random hash is made.
The hash is printed on stdout.

${clientHelp}`,
  options: clientOptions,
  arity: [1, 2],
  async run(invocation) {
    const [user = '', hash = randomHash()] = invocation.args;
    if (hash === '')
      throw new UsageError(
        'the hash is empty, and nobody signs in with that: without one a random one is made',
      );
    await callIngest(invocation, 'PUT', `${appPath(invocation, 'users', user)}/auth`, { hash });
    invocation.note(`User ${user} may now sign in with this hash:`);
    invocation.say(hash);
    return 0;
  },
};
