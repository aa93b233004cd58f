/** One `encke up` a folder: the lock file names the process that holds it, and where its ingest and cometql are. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStateFolder } from '../state-folder.ts';
import { processBirth } from './process-birth.ts';

export interface Holder {
  readonly pid: number;
  readonly born: string;
  /** The URL of its ingest, once that listens. */
  readonly ingest?: string;
  /** host:port of its cometql. */
  readonly cometql?: string;
}

export interface Lock {
  /** Makes the places known to the operator verbs. */
  announce(places: Required<Pick<Holder, 'ingest' | 'cometql'>>): void;
  release(): void;
}

const file = (folder: string) => join(folder, 'up.lock');

function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8'));
    return Number.isInteger(holder?.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

const alive = (holder: Holder | undefined): holder is Holder =>
  holder !== undefined && processBirth(holder.pid) === holder.born;

/** The `encke up` that runs in this folder, if one does. */
export function runningUp(folder: string): Holder | undefined {
  const holder = read(file(folder));
  return alive(holder) ? holder : undefined;
}

/** Moves a lock aside that nobody holds any more; false when somebody took it in the meantime. */
function discard(folder: string, aside: string): boolean {
  try {
    renameSync(file(folder), aside);
  } catch {
    return true;
  }
  const taken = alive(read(aside));
  try {
    // Another process was quicker to take the stale lock over: give it back.
    if (taken) linkSync(aside, file(folder));
  } finally {
    rmSync(aside, { force: true });
  }
  return !taken;
}

/** Takes the lock, also a stale one; gives the holder when another live process has it. */
export function takeLock(folder: string): Lock | Holder {
  makeStateFolder(folder);
  const mine: Holder = { pid: process.pid, born: processBirth(process.pid) ?? '' };
  const draft = `${file(folder)}.${process.pid}`;
  const write = (holder: Holder) => writeFileSync(draft, `${JSON.stringify(holder)}\n`);
  write(mine);
  try {
    for (;;) {
      try {
        // A link appears whole or not at all: nobody ever reads half a lock.
        linkSync(draft, file(folder));
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = runningUp(folder);
      if (holder !== undefined) return holder;
      discard(folder, `${draft}.stale`);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    announce({ ingest, cometql }) {
      write({ ...mine, ingest, cometql });
      renameSync(draft, file(folder));
    },
    release: () => rmSync(file(folder), { force: true }),
  };
}
