/** From the words after `encke` to the subcommand and an exit code: 0 done, 1 failed, 2 called wrongly. */
import { readFileSync } from 'node:fs';
import { type Command, type Invocation, parse, UsageError } from './command.ts';
import { commands } from './commands/index.ts';
import { Failure } from './failure.ts';

export type Surroundings = Pick<Invocation, 'env' | 'entry' | 'say' | 'note'>;

function overview(): string {
  const shown = Object.values(commands).filter((command) => !command.hidden);
  const isVerb = ({ arity, verb }: Command) => arity[1] > 0 || verb === true;
  const width = Math.max(...shown.map((command) => command.usage.length));
  const lines = (of: Command[]) =>
    of.map((command) => `  encke ${command.usage.padEnd(width)}  ${command.summary}`).join('\n');
  return `Encke, a comet server made of many small nodes.

Processes, configured by environment variables (see .env.example):
${lines(shown.filter((command) => !isVerb(command)))}

Operator verbs, over the network:
${lines(shown.filter(isVerb))}

encke <command> --help says more.`;
}

const helpOf = (command: Command) =>
  `encke ${command.usage}\n\n${command.summary}\n\n${command.help}`;

function version(): string {
  const manifest = new URL('../package.json', import.meta.url);
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

async function runCommand(name: string, rest: readonly string[], around: Surroundings) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    around.note(`There is no command \`${name}\`. \`encke --help\` lists them.`);
    return 2;
  }
  try {
    const parsed = parse(command, rest);
    if (parsed.options.help) {
      around.say(helpOf(command));
      return 0;
    }
    return await command.run({ ...around, ...parsed });
  } catch (error) {
    if (error instanceof UsageError) {
      around.note(`${error.message}\nUsage: encke ${command.usage}`);
      return 2;
    }
    if (error instanceof Failure) {
      around.note(error.message);
      return error.exitCode;
    }
    throw error;
  }
}

export async function run(
  argv: readonly string[],
  around: Surroundings,
): Promise<number | undefined> {
  const [name, ...rest] = argv;
  switch (name) {
    case undefined:
      around.note(overview());
      return 2;
    case 'help':
    case '--help':
    case '-h':
      if (rest[0] !== undefined) return runCommand(rest[0], ['--help'], around);
      around.say(overview());
      return 0;
    case '--version':
      around.say(version());
      return 0;
    default:
      return runCommand(name, rest, around);
  }
}
