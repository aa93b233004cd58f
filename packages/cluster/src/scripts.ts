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
  closeSessions: load('close-sessions'),
  detach: load('detach'),
  purge: load('purge'),
  read: load('read'),
  readUser: load('read-user'),
  register: load('register'),
  setHash: load('set-hash'),
  settleOffline: load('settle-offline'),
  suspects: load('suspects'),
  sweepUser: load('sweep-user'),
};
