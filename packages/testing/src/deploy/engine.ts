/**
 * A Docker engine for the tests of what is deployed. It is the one that `docker` reaches. Where there is none, ENCKE_DOCKER_UP may
 * name a program that brings one up and prints the `export NAME=value …` lines for a shell to use it.
 */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Env } from '../process.ts';

const run = promisify(execFile);

/** A build or the start of a dozen containers on a loaded machine. Milliseconds. */
const patience = 280_000;

export interface Engine {
  readonly env: Env;
  /** Runs `docker` with these arguments and gives its stdout; rejects with all that it wrote. */
  docker(args: readonly string[], env?: Env): Promise<string>;
}

async function output(program: string, args: readonly string[], env: Env): Promise<string> {
  const options: ExecFileOptions = { env, timeout: patience, maxBuffer: 64 * 1024 * 1024 };
  try {
    return String((await run(program, [...args], options)).stdout);
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}

const serves = (env: Env): Promise<boolean> =>
  Promise.all([
    output('docker', ['info', '--format', '{{.ServerVersion}}'], env),
    output('docker', ['compose', 'version'], env),
  ]).then(
    () => true,
    () => false,
  );

/** The environment that the program's `export` lines make. */
async function broughtUp(program: string): Promise<Env> {
  const script = 'set -e; lines=$("$0"); eval "$lines"; env -0';
  const text = await output('bash', ['-c', script, program], process.env);
  return Object.fromEntries(
    text.split('\0').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]),
  );
}

async function find(): Promise<Env | undefined> {
  if (await serves(process.env)) return process.env;
  const program = process.env.ENCKE_DOCKER_UP;
  if (!program) return undefined;
  try {
    // Such an engine has no way to the network but the machine's own.
    return { BUILD_NETWORK: 'host', ...(await broughtUp(program)) };
  } catch (error) {
    console.error(error);
    return undefined;
  }
}

/** undefined: there is none, and nothing that could bring one up. */
export async function findEngine(): Promise<Engine | undefined> {
  const env = await find();
  if (env === undefined) return undefined;
  return { env, docker: (args, more) => output('docker', args, { ...env, ...more }) };
}

/** For `test(…, { skip })`. */
export const noEngine = 'no Docker engine with Compose is reachable from here';
