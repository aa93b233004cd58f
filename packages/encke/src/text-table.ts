/** Control characters would move the cursor of the terminal about. */
const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (one) => JSON.stringify(one).slice(1, -1));

/** Columns under each other; values as they are but for control characters. */
export function textTable(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [names, ...rows].map((row) => row.map(visible));
  const widths = names.map((_, i) =>
    cells.reduce((widest, row) => Math.max(widest, row[i]?.length ?? 0), 0),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...rest] = cells;
  return [head, widths.map((width) => '-'.repeat(width)), ...rest].map(line).join('\n');
}
