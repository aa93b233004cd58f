/** What a process has used so far, as the kernel counts it. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Fixed in the kernel's interface, whatever its timer runs at. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, all threads: steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program, in brackets, may hold spaces: fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Bytes of physical memory. */
export function residentBytes(pid: number): number {
  const [, kib = ''] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** Seconds of CPU that each of these processes used while `work` ran and for `settle` ms after it. */
export async function cpuDuring<Name extends string>(
  pids: Readonly<Record<Name, number>>,
  settle: number,
  work: () => Promise<void>,
): Promise<Record<Name, number>> {
  const names = Object.keys(pids) as Name[];
  const before = names.map((name) => cpuSeconds(pids[name]));
  await work();
  await pause(settle);
  const used = names.map((name, i) => [name, cpuSeconds(pids[name]) - (before[i] ?? 0)]);
  return Object.fromEntries(used) as Record<Name, number>;
}
