import { type Context, type Running, runProcess } from '@encke/service';
import { withKey } from './api-key.ts';
import { type Command, option } from './command.ts';
import { refuseExampleSecrets } from './example-secrets.ts';
import { stateFolder } from './state-folder.ts';

interface ProcessCommand {
  readonly name: string;
  readonly summary: string;
  readonly help: string;
  /** It checks API keys or what they sign. */
  readonly needsKey: boolean;
  readonly start: (context: Context) => Promise<Running>;
}

const signals =
  'SIGTERM or Ctrl-C drains and stops it; the admin port has /healthz, /readyz, /metrics.';

/** A subcommand that is one process of ours, configured by the environment. */
export const processCommand = ({
  name,
  summary,
  help,
  needsKey,
  start,
}: ProcessCommand): Command => ({
  usage: name,
  summary,
  help: `${help}\n${signals}`,
  options: { state: { type: 'string' } },
  arity: [0, 0],
  async run(invocation) {
    const { env } = invocation;
    refuseExampleSecrets(env);
    const folder = stateFolder(option(invocation, 'state'));
    await runProcess(name, needsKey ? withKey(env, folder) : env, start);
    return undefined;
  },
});
