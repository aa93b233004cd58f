/** The Lua scripts: read from `lua/`, one name each. Their files say keys, arguments and answers. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

const folder = new URL('../lua/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(`${name}.lua`, folder), 'utf8');

function load(name: string): Script {
  const text = read(name).replace(/^--@include ([a-z-]+)$/gm, (_, part: string) =>
    read(`include/${part}`),
  );
  return { name, text, sha: createHash('sha1').update(text).digest('hex') };
}

export const scripts = {
  ack: load('ack'),
  append: load('append'),
  attach: load('attach'),
  beat: load('beat'),
  clearHistory: load('clear-history'),
  closeSessions: load('close-sessions'),
  detach: load('detach'),
  publish: load('publish'),
  purge: load('purge'),
  read: load('read'),
  readHistory: load('read-history'),
  readUser: load('read-user'),
  register: load('register'),
  reportSubscriptions: load('report-subscriptions'),
  setHash: load('set-hash'),
  setHistory: load('set-history'),
  settleOffline: load('settle-offline'),
  suspects: load('suspects'),
  sweepChannel: load('sweep-channel'),
  sweepUser: load('sweep-user'),
};
