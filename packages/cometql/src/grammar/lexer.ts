/**
 * Reads a statement token by token. Every character is looked at once, nothing is kept of what has been read, and there is
 * nothing that it cannot read: what makes no sense is a token that no rule of the grammar takes.
 */

export type Kind =
  | 'end'
  /** A bare name or keyword. */
  | 'word'
  /** A name in backquotes. */
  | 'name'
  /** In single quotes: always a value. */
  | 'string'
  /** In double quotes: a value or a name, as the place has it. */
  | 'text'
  | 'number'
  | 'hex'
  | 'parameter'
  /** `@name` */
  | 'variable'
  /** `@@name`, `@@session.name` */
  | 'setting'
  | 'symbol'
  /** A quote or comment that is not closed. */
  | 'open';

const code = (character: string): number => character.charCodeAt(0);
const [QUOTE, DOUBLE, BACKQUOTE] = [code("'"), code('"'), code('`')];
const [DASH, SLASH, STAR, HASH] = [code('-'), code('/'), code('*'), code('#')];
const [DOT, AT, QUESTION, BANG, DOLLAR] = [code('.'), code('@'), code('?'), code('!'), code('$')];

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isHex = (c: number): boolean => isDigit(c) || ((c | 32) >= 97 && (c | 32) <= 102);
const isBlank = (c: number): boolean => c === 32 || (c >= 9 && c <= 13);
/** MySQL takes everything beyond ASCII for a letter. */
const isWord = (c: number): boolean =>
  ((c | 32) >= 97 && (c | 32) <= 122) || isDigit(c) || c === 95 || c === DOLLAR || c >= 128;

const symbols = ['<=>', '<=', '>=', '<>', '!=', ':=', '||', '&&'];
const firstOfSymbols = new Set(symbols.map(code));

/** The place of `what` at or behind `from`; the end when there is none. */
export function find(source: string, what: string, from: number): number {
  const found = source.indexOf(what, from);
  return found < 0 ? source.length : found;
}

/** Longer words are no keywords. */
const longestKeyword = 32;

export class Lexer {
  readonly source: string;
  kind: Kind = 'end';
  start = 0;
  end = 0;
  /** Where the token before this one ended. */
  before = 0;
  /** A keyword or symbol in capitals; empty for all other tokens. */
  keyword = '';
  /** Whether the quoted text holds an escape. */
  escaped = false;
  /** Inside of a comment whose content counts. */
  #conditional = false;
  /** The next backslash, as far as it was looked for. */
  #backslash = -1;

  constructor(source: string) {
    this.source = source;
    this.next();
  }

  next(): void {
    this.before = this.end;
    const closed = this.#skip();
    this.keyword = '';
    this.start = this.end;
    if (!closed) this.end = this.source.length;
    if (!closed || this.start >= this.source.length) {
      this.kind = closed ? 'end' : 'open';
      return;
    }
    const c = this.source.charCodeAt(this.start);
    if (c === QUOTE) this.#quoted('string', "'");
    else if (c === DOUBLE) this.#quoted('text', '"');
    else if (c === BACKQUOTE) this.#quoted('name', '`');
    else if (isDigit(c) || (c === DOT && isDigit(this.#at(this.start + 1)))) this.#number(c);
    else if (isWord(c)) this.#word(c);
    else if (c === AT) this.#variable();
    else this.#symbol(c);
  }

  /** The code at a place; NaN, which equals nothing, behind the end. */
  #at(place: number): number {
    return this.source.charCodeAt(place);
  }

  /** @returns false at a comment that has no end. */
  #skip(): boolean {
    const { source } = this;
    for (;;) {
      const c = source.charCodeAt(this.end);
      if (isBlank(c)) this.end += 1;
      else if (c === HASH || (c === DASH && this.#isDashes())) this.#skipLine();
      else if (c === SLASH && this.#at(this.end + 1) === STAR) {
        if (!this.#skipComment()) return false;
      } else if (c === STAR && this.#conditional && this.#at(this.end + 1) === SLASH) {
        this.#conditional = false;
        this.end += 2;
      } else return true;
    }
  }

  /** Two dashes begin a comment only before a blank: `1--1` is 2. */
  #isDashes(): boolean {
    if (this.#at(this.end + 1) !== DASH) return false;
    const after = this.#at(this.end + 2);
    return Number.isNaN(after) || isBlank(after);
  }

  #skipLine(): void {
    const end = this.source.indexOf('\n', this.end);
    this.end = end < 0 ? this.source.length : end + 1;
  }

  /** @returns false when the comment has no end. */
  #skipComment(): boolean {
    if (this.#at(this.end + 2) === BANG && !this.#conditional) {
      this.#conditional = true;
      this.end += 3;
      for (let digits = 0; digits < 6 && isDigit(this.#at(this.end)); digits++) this.end += 1;
      return true;
    }
    const end = this.source.indexOf('*/', this.end + 2);
    if (end < 0) return false;
    this.end = end + 2;
    return true;
  }

  /** Each search goes on where the one before it ended, so nothing is looked at twice. */
  #quoted(kind: Kind, quote: string): void {
    const { source } = this;
    this.escaped = false;
    let close = -1;
    for (let at = this.start + 1; ; ) {
      if (close < at) close = find(source, quote, at);
      if (kind !== 'name' && this.#nextBackslash(at) < close) {
        this.escaped = true;
        at = this.#backslash + 2;
      } else if (close < source.length && source.charAt(close + 1) === quote) {
        this.escaped = true;
        at = close + 2;
      } else break;
    }
    this.kind = close < source.length ? kind : 'open';
    this.end = Math.min(close + 1, source.length);
  }

  #nextBackslash(at: number): number {
    if (this.#backslash < at) this.#backslash = find(this.source, '\\', at);
    return this.#backslash;
  }

  #number(first: number): void {
    let at = this.start;
    this.kind = 'number';
    if (first === 48 && (this.#at(at + 1) | 32) === 120 && isHex(this.#at(at + 2))) {
      at += 2;
      while (isHex(this.#at(at))) at += 1;
      this.kind = 'hex';
    } else {
      at = this.#digits(at);
      if (this.#at(at) === DOT) at = this.#digits(at + 1);
      if ((this.#at(at) | 32) === 101) at = this.#exponent(at);
    }
    // `1abc` is a name, though one that no table has.
    if (isWord(this.#at(at))) this.#word(first);
    else this.end = at;
  }

  /** The place behind the digits that stand at `at`. */
  #digits(at: number): number {
    const { source } = this;
    let end = at;
    while (isDigit(source.charCodeAt(end))) end += 1;
    return end;
  }

  #exponent(at: number): number {
    const sign = this.#at(at + 1);
    const digits = sign === DASH || sign === 43 ? at + 2 : at + 1;
    const end = this.#digits(digits);
    return end === digits ? at : end;
  }

  #word(first: number): void {
    if ((first | 32) === 120 && this.#at(this.start + 1) === QUOTE) {
      this.#hexString();
      return;
    }
    const { source } = this;
    let at = this.start + 1;
    while (isWord(source.charCodeAt(at))) at += 1;
    this.end = at;
    this.kind = 'word';
    if (at - this.start <= longestKeyword) this.keyword = this.text().toUpperCase();
  }

  /** `X'1f'` */
  #hexString(): void {
    let at = this.start + 2;
    while (isHex(this.#at(at))) at += 1;
    const closed = this.#at(at) === QUOTE && (at - this.start) % 2 === 0;
    this.kind = closed ? 'hex' : 'open';
    this.end = closed ? at + 1 : at;
  }

  #variable(): void {
    const setting = this.#at(this.start + 1) === AT;
    let at = this.start + (setting ? 2 : 1);
    while (isWord(this.#at(at)) || this.#at(at) === DOT) at += 1;
    this.kind = setting ? 'setting' : 'variable';
    this.end = at;
  }

  #symbol(c: number): void {
    const length = firstOfSymbols.has(c) ? this.#symbolLength() : 1;
    this.end = this.start + length;
    this.kind = c === QUESTION ? 'parameter' : 'symbol';
    this.keyword = this.text();
  }

  #symbolLength(): number {
    const found = symbols.find((symbol) => this.source.startsWith(symbol, this.start));
    return found?.length ?? 1;
  }

  /** The token as it stands in the statement. */
  text(): string {
    return this.source.slice(this.start, this.end);
  }
}
