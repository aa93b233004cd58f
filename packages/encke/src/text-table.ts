function escaped(one: string): string {
  const short = JSON.stringify(one).slice(1, -1);
  // Those above ASCII it leaves as they are.
  return short === one ? `\\u{${one.codePointAt(0)?.toString(16)}}` : short;
}

/** Control characters would move the cursor of the terminal about. */
const visible = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);

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
