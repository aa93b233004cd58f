/** Where the CPU of profiled processes went, by function. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 40;
const idle = new Set(['(idle)', '(program)']);

function place(url: string, line: number): string {
  const short = url.replace(/^.*\/(packages|node_modules)\//, '').replace(/^node:/, 'node:');
  return short === '' ? '' : `${short}:${line + 1}`;
}

/** Microseconds of each function itself, without what it calls. */
function selfTimes(profile: Profile): Map<string, number> {
  const names = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'}\t${place(url, lineNumber)}`,
    ]),
  );
  const times = new Map<string, number>();
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id) ?? '';
    times.set(name, (times.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0));
  }
  return times;
}

function rank(name: string, times: Map<string, number>): string {
  const busy = [...times].filter(([function_]) => !idle.has(function_.split('\t')[0] ?? ''));
  const sum = busy.reduce((total, [, time]) => total + time, 0);
  const lines = busy
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([function_, time]) => {
      const [what = '', where = ''] = function_.split('\t');
      return `${((time / sum) * 100).toFixed(1).padStart(5)} %  ${what.padEnd(32)}  ${where}`;
    });
  return `${name}: share of the CPU in JavaScript, by function\n${lines.join('\n')}\n`;
}

/** `folder` holds a folder for each process, with its profiles. */
export function profileTable(folder: string): string {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const sum = new Map<string, number>();
      for (const file of readdirSync(join(folder, name))) {
        const profile = JSON.parse(readFileSync(join(folder, name, file), 'utf8')) as Profile;
        for (const [function_, time] of selfTimes(profile)) {
          sum.set(function_, (sum.get(function_) ?? 0) + time);
        }
      }
      return rank(name, sum);
    })
    .join('\n');
}
