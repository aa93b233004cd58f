/** Where the CPU of profiled processes went: by function, and by the package that holds it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Frame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface Profile {
  /** Microseconds on the clock of `process.hrtime()`. */
  readonly startTime: number;
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Microseconds on the same clock: a time in which was measured. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const PACKAGES = 12;
const FUNCTIONS = 32;

interface Times {
  readonly functions: Map<string, number>;
  readonly packages: Map<string, number>;
  sum: number;
}

function add(times: Map<string, number>, name: string, time: number): void {
  times.set(name, (times.get(name) ?? 0) + time);
}

const shorten = (url: string): string => url.replace(/^.*\/(packages|node_modules)\//, '');

function packageOf({ functionName, url }: Frame): string {
  if (functionName === '(program)') return 'the kernel and libuv: reading, waiting, timers';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url === '') return 'native functions: writing to sockets, strings, JSON';
  if (url.startsWith('node:')) return 'Node';
  return /^(@[^/]+\/)?[^/]+/.exec(shorten(url))?.[0] ?? url;
}

/** Adds up what each function took itself, without what it called. */
function count(profile: Profile, spans: readonly Span[], times: Times): void {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  let now = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    const time = profile.timeDeltas[i] ?? 0;
    now += time;
    const frame = frames.get(id);
    if (!frame || frame.functionName === '(idle)') continue;
    if (!spans.some(({ from, to }) => from <= now && now < to)) continue;
    const { functionName, url, lineNumber } = frame;
    const place = url === '' ? '' : `  ${shorten(url)}:${lineNumber + 1}`;
    add(times.functions, `${functionName || '(anonymous)'}${place}`, time);
    add(times.packages, packageOf(frame), time);
    times.sum += time;
  }
}

function ranking(times: Map<string, number>, sum: number, shown: number): string {
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, time]) => `${((time / sum) * 100).toFixed(1).padStart(7)} %  ${name}`)
    .join('\n');
}

/** `folder` holds a folder for each process, with its profiles. Only what lies in one of `spans` counts. */
export function profileTable(folder: string, spans: readonly Span[]): string {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const times: Times = { functions: new Map(), packages: new Map(), sum: 0 };
      for (const file of readdirSync(join(folder, name))) {
        const text = readFileSync(join(folder, name, file), 'utf8');
        count(JSON.parse(text) as Profile, spans, times);
      }
      const { functions, packages, sum } = times;
      return `${name}: ${(sum / 1e6).toFixed(2)} s of CPU, by package and by function
${ranking(packages, sum, PACKAGES)}

${ranking(functions, sum, FUNCTIONS)}
`;
    })
    .join('\n');
}
