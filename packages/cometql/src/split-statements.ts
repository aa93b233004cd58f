/** Several statements in one packet, for clients that asked for that. */

const special = /[;'"`#/-]/g;
const quoteOrEscape = { "'": /['\\]/g, '"': /["\\]/g, '`': /`/g } as const;
/** `--` begins a comment only with a space after it. */
const lineComment = /#|--(?=\s|$)/y;
const blockComment = /\/\*(?!!)/y;

function startsAt(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

const after = (text: string, what: string, at: number): number => {
  const found = text.indexOf(what, at);
  return found < 0 ? text.length : found + what.length;
};

/** Doubled, a quote is part of its text: its second half then begins a new piece, with the same result. */
function quoteEnd(text: string, at: number, quote: keyof typeof quoteOrEscape): number {
  const pattern = quoteOrEscape[quote];
  pattern.lastIndex = at + 1;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    if (found[0] === quote) return found.index + 1;
    pattern.lastIndex = found.index + 2;
  }
  return text.length;
}

/** The statements of a text, without those that are empty or only comments. Takes time linear in its length. */
export function splitStatements(text: string): string[] {
  const statements: string[] = [];
  let from = 0;
  let blank = true;
  const add = (to: number) => {
    if (!blank) statements.push(text.slice(from, to));
    from = to + 1;
    blank = true;
  };
  for (let at = 0; at < text.length; ) {
    special.lastIndex = at;
    const found = special.exec(text);
    const next = found?.index ?? text.length;
    if (blank && /\S/.test(text.slice(at, next))) blank = false;
    const mark = found?.[0];
    if (mark === ';') add(next);
    if (startsAt(lineComment, text, next)) at = after(text, '\n', next);
    else if (startsAt(blockComment, text, next)) at = after(text, '*/', next + 2);
    else {
      if (mark !== undefined && mark !== ';') blank = false;
      at = mark === "'" || mark === '"' || mark === '`' ? quoteEnd(text, next, mark) : next + 1;
    }
  }
  add(text.length);
  return statements;
}
