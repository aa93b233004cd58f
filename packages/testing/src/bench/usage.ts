/** What a process has used so far, as the kernel counts it. Linux only. */
import { readFileSync } from 'node:fs';
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

/**
 * Milliseconds of CPU for a fixed piece of work. Work takes more of it while others use the same cores and caches: two
 * results can be compared when this is about the same for both.
 */
export function yardstick(): number {
  const work = (): number => {
    const before = process.cpuUsage();
    const words = new Map<string, number>();
    for (let i = 0; i < 300_000; i++) words.set(`word ${i % 1_000}`, i);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  };
  return median([work(), work(), work()]);
}
