import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { adopt } from './guard.ts';
import { parseMetrics, type Samples } from './samples.ts';

export type ProcessName = 'gateway' | 'ingest' | 'cometql' | 'worker';
export type Env = Readonly<Record<string, string | undefined>>;

export interface TestProcess {
  readonly name: ProcessName;
  readonly port: number;
  readonly adminPort: number;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  readonly node: string | undefined;
  readonly pid: number;
  readonly alive: boolean;
  /** What it wrote on stdout and stderr, the last 256 KiB. */
  readonly output: string;
  /** SIGKILL, resolved when it is gone. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** SIGTERM without waiting. */
  terminate(): void;
  /** Resolves with the exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  /** SIGTERM, resolved when it is gone. */
  stop(): Promise<void>;
  metrics(): Promise<Samples>;
  /** HTTP status of `/readyz`. */
  ready(): Promise<number>;
}

interface Listening {
  readonly type: 'listening';
  readonly port: number;
  readonly adminPort: number;
  readonly node?: string;
}

/** Fits every process of a test; an environment of the test's own goes over it. */
const defaults: Env = {
  ENCKE_HOST: '127.0.0.1',
  ENCKE_GATEWAY_PORT: '0',
  ENCKE_INGEST_PORT: '0',
  ENCKE_COMETQL_PORT: '0',
  ENCKE_ADMIN_PORT: '0',
  ENCKE_API_KEY: 'test-api-key',
  ENCKE_DRAIN_SECONDS: '1',
  ENCKE_LOG_LEVEL: 'warn',
};
/** `npm test` has compiled everything: a process starts in a third of the time. A test that is run by itself takes the source. */
const compiled = process.env.ENCKE_TEST_COMPILED === '1';
/** What Node needs to run our sources as they are. */
export const fromSource = ['--import', 'tsx', '--conditions=@encke/source'] as const;

const runner = fileURLToPath(
  new URL(compiled ? '../dist/run-process.js' : 'run-process.ts', import.meta.url),
);
const keptOutput = 256 * 1024;

function environment(env: Env): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('ENCKE_') && !name.startsWith('NODE_TEST'),
  );
  return { ...Object.fromEntries(kept), ...defaults, ...env };
}

function listening(child: ChildProcess, name: string, output: () => string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Partial<Listening>) => {
      if (message.type === 'listening') resolve(message as Listening);
    });
    child.once('error', reject);
    child.once('exit', (code, by) =>
      reject(new Error(`${name} ended (${by ?? code}) before it listened:\n${output()}`)),
    );
  });
}

/**
 * Forks a process of ours; resolves when it listens, rejects with its output when it dies. `files`: how many it may have
 * open.
 */
export async function startProcess(
  name: ProcessName,
  env: Env = {},
  files?: number,
): Promise<TestProcess> {
  const flags = compiled ? [] : [...fromSource];
  const limited = ['-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ...flags];
  const child = fork(runner, [name], {
    ...(files === undefined ? { execArgv: flags } : { execPath: '/bin/sh', execArgv: limited }),
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput);
    });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  exited.catch(() => {});
  const pid = child.pid ?? 0;
  const release = adopt(pid);
  void exited.finally(release);
  const end = async (by: NodeJS.Signals) => {
    // A stopped process would keep a SIGTERM for later.
    if (by === 'SIGTERM') child.kill('SIGCONT');
    child.kill(by);
    await exited;
  };
  const { port, adminPort, node } = await listening(child, name, () => output).catch(
    async (error: unknown) => {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
      throw error;
    },
  );
  const admin = `http://127.0.0.1:${adminPort}`;
  return {
    name,
    port,
    adminPort,
    address: `127.0.0.1:${port}`,
    node,
    pid,
    exited,
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    get output() {
      return output;
    },
    kill: () => end('SIGKILL'),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    terminate: () => void child.kill('SIGTERM'),
    stop: () => end('SIGTERM'),
    metrics: async () => parseMetrics(await (await fetch(`${admin}/metrics`)).text()),
    ready: async () => (await fetch(`${admin}/readyz`)).status,
  };
}
