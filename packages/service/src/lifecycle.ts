/** The life of a process: read the configuration, start, serve, drain, stop. The same for all of them. */
import { type Admin, startAdmin } from './admin.ts';
import { type Config, ConfigError, loadConfig, unknownVariables, variables } from './config.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface Context {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Running {
  /** 0: the process listens on none. */
  readonly port: number;
  readonly node?: string;
  /** undefined: ready for traffic; else why not. */
  unready(): string | undefined;
  /** Takes nothing new, and finishes or moves what it has, within `drainSeconds`. */
  drain(): Promise<void>;
  stop(): Promise<void>;
}

/** What a parent that forked the process is told once. */
export interface Listening {
  readonly type: 'listening';
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  readonly node?: string;
}

/** The operator has to change something: starting again as it is cannot help. */
const exitFault = 2;

/** A terminal and npm both pass one Ctrl-C on, so a second signal this soon is the same one. Milliseconds. */
const sameSignal = 500;
/** Milliseconds. What is over sooner is not told. */
const readinessLook = 1_000;
/** Seconds after the drain time at which a process that is still there ends itself. */
const graceSeconds = 5;

function exitWith(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(exitFault);
}

function configOrExit(env: Record<string, string | undefined>): Config {
  try {
    return loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) exitWith(error.message);
    throw error;
  }
}

const portFaults: Record<string, string> = {
  EADDRINUSE: 'is in use',
  EACCES: 'needs more rights than this process has',
};
const hostFaults = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'ENOTFOUND', 'EAI_AGAIN'];

const listens = (syscall = ''): boolean => syscall === 'listen' || syscall === 'getaddrinfo';

/** When listening failed because of the address. That shows only when somebody listens there. */
export function hostFault(error: unknown): ConfigError | undefined {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  if (!listens(syscall) || !hostFaults.includes(code)) return undefined;
  const rule = `must be an address of this machine, or a name of one: ${code}`;
  return new ConfigError([{ variable: 'ENCKE_HOST', rule }]);
}

/** What to write when the operator can mend it, else undefined. */
function settingFault(variable: string, error: unknown): string | undefined {
  const fault = error instanceof ConfigError ? error : hostFault(error);
  if (fault !== undefined) return fault.message;
  const { code = '', syscall, port } = error as NodeJS.ErrnoException & { port?: number };
  if (!listens(syscall)) return undefined;
  const why = portFaults[code];
  if (why === undefined || !(variable in variables)) return undefined;
  return `Port ${port} ${why}. Stop what holds it, or set ${variable} to another port (0 picks a free one).`;
}

/** A fault in the settings that shows only now ends the process with words that name the variable. */
async function listen<T>(variable: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const fault = settingFault(variable, error);
    if (fault === undefined) throw error;
    exitWith(fault);
  }
}

/** One line when the process is not ready, or for another reason than before, and one when it is again. */
function tellReadiness(log: Log, unready: () => string | undefined): void {
  let told: string | undefined;
  setInterval(() => {
    const why = unready();
    if (why === told || why === 'stopping') return;
    told = why;
    if (why === undefined) log.info('ready again');
    else log.warn({ why }, 'not ready');
  }, readinessLook).unref();
}

/** Calls `stop` once: on SIGTERM, SIGINT or SIGHUP, or when the parent that forked this process is gone. */
function onStop(log: Log, stop: () => void): void {
  let since: number | undefined;
  const signal = (name: string) => {
    if (since !== undefined && Date.now() - since < sameSignal) return;
    if (since !== undefined) {
      log.warn({ signal: name }, 'stopped at once by a second signal');
      process.exit(1);
    }
    since = Date.now();
    stop();
  };
  const forked = process.send !== undefined;
  process.on('SIGTERM', signal);
  // Ctrl-C and a closed terminal reach every process in it; of a forked one only the parent decides when it stops.
  for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, forked ? () => {} : signal);
  if (!forked) return;
  const orphaned = () => {
    if (since === undefined) signal('disconnect');
  };
  process.on('disconnect', orphaned);
  if (!process.connected) orphaned();
}

function exitOnBugs(log: Log): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (err: unknown) => {
      log.fatal({ err }, event);
      process.exit(1);
    });
  }
}

async function shutDown(context: Context, running: Running, admin: Admin): Promise<void> {
  const { log, config } = context;
  const hardCap = (config.drainSeconds + graceSeconds) * 1000;
  setTimeout(() => {
    log.error('did not stop in time');
    process.exit(1);
  }, hardCap).unref();
  try {
    await running.drain();
    await running.stop();
    await admin.stop();
  } catch (err) {
    log.error({ err }, 'did not stop cleanly');
    process.exit(1);
  }
  log.info('stopped');
  process.exit(0);
}

/**
 * Runs a process until it is told to stop; never rejects. Exit codes: 0 stopped, 1 a fault of ours, 2 a fault in the
 * configuration. SIGTERM or SIGINT: unready, drain, stop; a second one: exit at once; `drainSeconds` + 5 s: exit anyway.
 */
export async function runProcess(
  name: string,
  env: Record<string, string | undefined>,
  start: (context: Context) => Promise<Running>,
): Promise<void> {
  const config = configOrExit(env);
  const context = {
    config,
    log: createLog(name, config.logLevel),
    metrics: createMetrics(name),
  };
  const { log, metrics } = context;
  exitOnBugs(log);
  const unknown = unknownVariables(env);
  if (unknown.length > 0) log.warn({ variables: unknown }, 'no settings: see .env.example');
  let admin: Admin | undefined;
  let running: Running | undefined;
  let stopping = false;
  onStop(log, () => {
    stopping = true;
    if (!admin || !running) process.exit(0);
    log.info('stopping');
    shutDown(context, running, admin);
  });
  const unready = () => (stopping ? 'stopping' : running ? running.unready() : 'starting');
  metrics.read('gauge', 'encke_ready', 'Takes traffic', () => (unready() === undefined ? 1 : 0));
  const { host, adminPort } = config;
  try {
    admin = await listen('ENCKE_ADMIN_PORT', () =>
      startAdmin({ host, port: adminPort, metrics, unready }),
    );
    running = await listen(`ENCKE_${name.toUpperCase()}_PORT`, () => start(context));
  } catch (err) {
    log.fatal({ err }, 'did not start');
    process.exit(1);
  }
  const { port, node } = running;
  tellReadiness(log, unready);
  log.info({ port: port === 0 ? undefined : port, adminPort: admin.port, node }, 'listening');
  const listening: Listening = { type: 'listening', name, port, adminPort: admin.port, node };
  process.send?.(listening);
}
