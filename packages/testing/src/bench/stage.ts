/** The built processes of one checkout around a Redis of their own, each where its CPU and memory can be read. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { adopt } from '../guard.ts';
import { startRedis } from '../redis.ts';
import { parseMetrics, type Samples } from '../samples.ts';
import { apiKey } from './sender.ts';

/** Whose processes are measured. */
export interface Subject {
  readonly name: string;
  /** The file that is started with the name of a process. */
  readonly main: string;
  /** Cases with this text in their names are beyond it; absent: none. */
  readonly lacks?: string;
  /** Where the processes write a CPU profile when they stop; undefined: none is taken. */
  readonly profiles: string | undefined;
}

export interface Member {
  readonly pid: number;
  readonly port: number;
  metrics(): Promise<Samples>;
}

export interface Stage {
  /** The first of them. */
  readonly gateway: Member;
  readonly gateways: readonly Member[];
  readonly ingest: Member;
  /** One more process, which stops with the others. */
  add(name: 'cometql'): Promise<Member>;
  /** Of everything whose CPU is split. */
  readonly pids: Readonly<Record<'ingest' | 'redis' | 'gateway', number>>;
  stop(): Promise<void>;
}

interface Listening {
  readonly type?: string;
  readonly port: number;
  readonly adminPort: number;
}

const settings = {
  ENCKE_API_KEY: apiKey,
  ENCKE_HOST: '127.0.0.1',
  ENCKE_GATEWAY_PORT: '0',
  ENCKE_INGEST_PORT: '0',
  ENCKE_COMETQL_PORT: '0',
  ENCKE_ADMIN_PORT: '0',
  ENCKE_DRAIN_SECONDS: '1',
  ENCKE_LOG_LEVEL: 'warn',
  NODE_ENV: 'production',
};

function environment(redisUrl: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('ENCKE_') && name !== 'NODE_OPTIONS',
  );
  return { ...Object.fromEntries(inherited), ...settings, ENCKE_REDIS_URL: redisUrl };
}

function listening(child: ChildProcess, name: string): Promise<Listening> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Listening) => {
      if (message.type === 'listening') resolve(message);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${name} ended (${code}) before it listened`)));
  });
}

async function startMember(subject: Subject, name: string, redisUrl: string) {
  const { main, profiles } = subject;
  const child = fork(main, [name], {
    execArgv:
      profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profiles, name)}`],
    env: environment(redisUrl),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const pid = child.pid ?? 0;
  const release = adopt(pid);
  const exited = once(child, 'exit').finally(release);
  exited.catch(() => {});
  const { port, adminPort } = await listening(child, name);
  const url = `http://127.0.0.1:${adminPort}/metrics`;
  return {
    pid,
    port,
    metrics: async () => parseMetrics(await (await fetch(url)).text()),
    /** A profile is written on a stop in good order only. */
    async stop() {
      child.kill(profiles === undefined ? 'SIGKILL' : 'SIGTERM');
      await exited;
    },
  };
}

export async function startStage(subject: Subject, count = 1): Promise<Stage> {
  const redis = await startRedis();
  const ingest = await startMember(subject, 'ingest', redis.url);
  const gateway = await startMember(subject, 'gateway', redis.url);
  const gateways = [gateway];
  while (gateways.length < count) {
    gateways.push(await startMember(subject, 'gateway', redis.url));
  }
  const [, redisPid = ''] =
    /process_id:(\d+)/.exec(String(await redis.cli('INFO', 'server'))) ?? [];
  const more: Awaited<ReturnType<typeof startMember>>[] = [];
  return {
    gateway,
    gateways,
    ingest,
    async add(name) {
      const member = await startMember(subject, name, redis.url);
      more.push(member);
      return member;
    },
    pids: { ingest: ingest.pid, redis: Number(redisPid), gateway: gateway.pid },
    async stop() {
      await Promise.all([...gateways, ingest, ...more].map((member) => member.stop()));
      await redis.stop();
    },
  };
}
