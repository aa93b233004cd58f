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
  countOnline: load('count-online'),
  detach: load('detach'),
  dueOffline: load('due-offline'),
  lastOnline: load('last-online'),
  publish: load('publish'),
  purge: load('purge'),
  read: load('read'),
  readHistory: load('read-history'),
  readNodes: load('read-nodes'),
  readRevoked: load('read-revoked'),
  readUser: load('read-user'),
  register: load('register'),
  removeText: load('remove-text'),
  reportSubscriptions: load('report-subscriptions'),
  revoke: load('revoke'),
  setHistory: load('set-history'),
  setText: load('set-text'),
  settleOffline: load('settle-offline'),
  suspects: load('suspects'),
  sweepChannel: load('sweep-channel'),
  sweepUser: load('sweep-user'),
  unrevoke: load('unrevoke'),
};
