import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

function ps(pid: number, column: string): string | undefined {
  return (
    spawnSync('ps', ['-o', `${column}=`, '-p', String(pid)])
      .stdout?.toString()
      .trim() || undefined
  );
}

function proc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * When a process began, as an opaque text; undefined when it is gone. A pid alone says nothing: after a crash
 * or in a new container it soon belongs to another process.
 */
export function processBirth(pid: number): string | undefined {
  if (process.platform !== 'linux') return ps(pid, 'lstart');
  const stat = proc(pid, 'stat');
  // After the name in parentheses, which may itself hold spaces: field 3 is the state, 22 the start.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' ? undefined : fields[19];
}

/** The words a process was started with. */
export const processCommand = (pid: number): string | undefined =>
  process.platform === 'linux'
    ? proc(pid, 'cmdline')?.replaceAll('\0', ' ').trim()
    : ps(pid, 'command');
