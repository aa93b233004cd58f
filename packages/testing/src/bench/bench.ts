/** What a benchmark is, and how it is run: in rounds, the medians of which count; several checkouts take turns. */
import { microseconds } from './device.ts';
import type { Span } from './profile.ts';
import type { Subject } from './stage.ts';
import { median, yardstick } from './usage.ts';

/** Results by column; the name of a column says its unit. */
export type Figures = Readonly<Record<string, number>>;

export interface Case {
  readonly name: string;
  readonly rounds: number;
  /** Rounds before them that do not count: code is compiled, records are made. */
  readonly warmUps: number;
  measure(): Promise<Figures>;
}

export interface Opened {
  readonly cases: readonly Case[];
  stop(): Promise<void>;
}

export interface Bench {
  readonly name: string;
  /** One sentence above the table. */
  readonly about: string;
  open(subject: Subject): Promise<Opened>;
}

/** One case of one checkout. */
export interface Result {
  readonly bench: string;
  readonly case: string;
  readonly subject: string;
  readonly rounds: readonly Figures[];
  readonly median: Figures;
}

export interface RunOptions {
  readonly subjects: readonly Subject[];
  /** Instead of what each case has. */
  readonly rounds: number | undefined;
  /** Only cases whose name contains it. */
  readonly only: string;
  /** Gets the time of every round that counts. */
  readonly spans: Span[];
  progress(text: string): void;
}

function medians(rounds: readonly Figures[]): Figures {
  const columns = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    columns.map((column) => [column, median(rounds.map((figures) => figures[column] ?? 0))]),
  );
}

/** A B B A …: what disturbs the machine meanwhile disturbs both, and nobody is always first. */
async function runCase(
  bench: Bench,
  sides: readonly { subject: Subject; one: Case }[],
  options: RunOptions,
): Promise<Result[]> {
  const [first] = sides;
  if (!first) return [];
  const { name, warmUps } = first.one;
  const rounds = options.rounds ?? first.one.rounds;
  const figures = sides.map((): Figures[] => []);
  for (let round = -warmUps; round < rounds; round++) {
    const turns = [...sides.entries()];
    for (const [i, side] of round % 2 === 0 ? turns : turns.reverse()) {
      options.progress(`${bench.name}: ${name}, round ${round + 1} of ${rounds}`);
      const slowness = { 'yardstick ms': yardstick() };
      const from = microseconds();
      const measured = await side.one.measure();
      if (round < 0) continue;
      figures[i]?.push({ ...measured, ...slowness });
      options.spans.push({ from, to: microseconds() });
    }
  }
  return sides.map(({ subject }, i) => {
    const all = figures[i] ?? [];
    return {
      bench: bench.name,
      case: name,
      subject: subject.name,
      rounds: all,
      median: medians(all),
    };
  });
}

export async function run(bench: Bench, options: RunOptions): Promise<Result[]> {
  const opened: { subject: Subject; opened: Opened }[] = [];
  try {
    for (const subject of options.subjects) {
      options.progress(`${bench.name}: starting ${subject.name}`);
      opened.push({ subject, opened: await bench.open(subject) });
    }
    const results: Result[] = [];
    for (const [i, one] of (opened[0]?.opened.cases ?? []).entries()) {
      const { subjects, only } = options;
      if (!one.name.includes(only)) continue;
      if (subjects.some(({ lacks }) => lacks !== undefined && one.name.includes(lacks))) continue;
      const sides = opened.flatMap(({ subject, opened: { cases } }) => {
        const same = cases[i];
        return same ? [{ subject, one: same }] : [];
      });
      results.push(...(await runCase(bench, sides, options)));
    }
    return results;
  } finally {
    for (const side of opened) await side.opened.stop();
  }
}
