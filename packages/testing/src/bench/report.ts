/** Results as tables for a person and as JSON lines for a program. */
import type { Bench, Figures, Result } from './bench.ts';
import { median } from './usage.ts';

function figure(value: number): string {
  const digits =
    Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

const row = (name: string, figures: Figures, columns: readonly string[]): string[] => [
  name,
  ...columns.map((column) => figure(figures[column] ?? Number.NaN)),
];

/** How much of the second's figure the first's is: the median over the rounds, which took turns. */
function ratios(a: Result, b: Result): Figures {
  const ratio = (column: string) =>
    median(a.rounds.map((figures, i) => (figures[column] ?? 0) / (b.rounds[i]?.[column] ?? 0)));
  return Object.fromEntries(Object.keys(a.median).map((column) => [column, ratio(column)]));
}

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.map((cells) => (cells[i] ?? '').length)),
  );
  return rows
    .map((cells) =>
      cells
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line a case; of several checkouts one line each, and the first over each other one. */
export function table(bench: Bench, results: readonly Result[]): string {
  const columns = Object.keys(results[0]?.median ?? {});
  const rows = [['', ...columns]];
  const paired = new Set(results.map(({ subject }) => subject)).size > 1;
  let first: Result | undefined;
  for (const result of results) {
    rows.push(
      row(paired ? `${result.case}: ${result.subject}` : result.case, result.median, columns),
    );
    if (first?.case !== result.case) first = result;
    else rows.push(row('  ratio', ratios(first, result), columns));
  }
  return `${bench.name}: ${bench.about}\n\n${layOut(rows)}\n`;
}

export const jsonLines = (results: readonly Result[]): string =>
  results.map((result) => JSON.stringify(result)).join('\n');
