/** What our processes ask of Redis, gathered from where it is written. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './manifests.ts';

const every = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name.toLowerCase());

function inFiles(folder: string, fits: (file: string) => boolean, pattern: RegExp): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter(fits)
    .flatMap((name) => every(readFileSync(join(root, folder, name), 'utf8'), pattern));
}

/** Our own scripts, and the commands that are sent without one. */
const ours = (): string[] => [
  ...inFiles('packages/cluster/lua', (file) => file.endsWith('.lua'), /\bcall\('([A-Za-z]+)'/g),
  ...inFiles(
    'packages/cluster/src',
    (file) => file.endsWith('.ts') && !/\.(test|fixture)\.ts$/.test(file),
    /\bsend\(\[\s*'([a-z]+)'/g,
  ),
];

/** BullMQ's scripts for what we use of it: repeating jobs and the worker that carries them out. */
const jobScripts = [
  ...['addJobScheduler', 'updateJobScheduler', 'getJobScheduler', 'addDelayedJob'],
  ...['removeJobScheduler'],
  ...['addStandardJob', 'moveToActive', 'moveToDelayed', 'moveToFinished', 'retryJob'],
  ...['moveStalledJobsToWait', 'extendLock', 'extendLocks', 'releaseLock', 'isMaxed'],
  ...['getRateLimitTtl', 'saveStacktrace'],
];

const jobs = (): string[] => [
  ...inFiles(
    'node_modules/bullmq/dist/cjs/scripts',
    (file) => jobScripts.some((name) => new RegExp(`^${name}-\\d+\\.js$`).test(file)),
    /call\(\s*["']([A-Za-z]+)["']/g,
  ),
  'bzpopmin',
];

const connection = [
  ...['auth', 'hello', 'ping', 'info', 'select', 'client|setname', 'time'],
  ...['script|load', 'evalsha', 'eval', 'ssubscribe', 'sunsubscribe', 'spublish'],
  // Of a Redis Cluster.
  ...['cluster|slots', 'cluster|info', 'readonly', 'readwrite'],
];

/** The rules of the Redis user `encke`, but its password: these keys, these channels, these commands. */
export function leastRules(): string {
  const commands = [...new Set([...ours(), ...jobs(), ...connection])].sort();
  return [
    'resetkeys resetchannels -@all ~encke:* &encke:*',
    ...commands.map((name) => `+${name}`),
  ].join(' ');
}

/** What the chart and the overlay for development hand to Redis. */
export const shippedRules = (): { chart: string; overlay: string } => {
  const read = (path: string): string => readFileSync(join(root, 'deploy', path), 'utf8').trim();
  const [, overlay = ''] =
    /^user encke on >development-only (.*)$/m.exec(read('kubernetes/components/redis/users.acl')) ??
    [];
  return { chart: read('helm/encke/redis-acl-rules'), overlay };
};
