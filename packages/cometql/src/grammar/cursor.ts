import { notImplemented, syntax, tooLong, tooManyParameters } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';
import { Lexer } from './lexer.ts';
import { unescaped, unhex } from './literal.ts';
import type { TableName, Value } from './syntax-tree.ts';

/** Characters of the statement that a syntax error shows. */
const NEAR = 80;
/** Parentheses, functions and signs within each other. */
const DEEPEST = 64;

/** Names, calls and operators in a statement: each takes memory, and no statement that means something has so many. */
const MOST_NODES = 65_536;
/** Parameters of a prepared statement: the wire counts them in two bytes. */
const MOST_PARAMETERS = 65_535;

/** Ends the parsing of a statement; it never leaves `parse`. */
export class Refusal extends Error {
  readonly fault: SqlFault;

  constructor(fault: SqlFault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** What a parameter stands for while a statement is only prepared. */
const UNKNOWN = '';

/** Walks over the tokens of a statement; the rules of the grammar ask it. */
export class Cursor {
  readonly lexer: Lexer;
  /** Parameters met so far. */
  parameters = 0;
  readonly #values: readonly Value[] | undefined;
  #depth = 0;
  #nodes = 0;

  /** `values`: of the parameters; undefined while a statement is prepared. */
  constructor(source: string, values: readonly Value[] | undefined) {
    this.lexer = new Lexer(source);
    this.#values = values;
  }

  refuse(fault: SqlFault): never {
    throw new Refusal(fault);
  }

  /** The current token makes no sense where it stands. */
  fail(): never {
    const { source, start } = this.lexer;
    let line = 1;
    for (let at = source.indexOf('\n'); at >= 0 && at < start; at = source.indexOf('\n', at + 1))
      line += 1;
    return this.refuse(syntax(source.slice(start, start + NEAR), line));
  }

  missing(what: string): never {
    return this.refuse(notImplemented(what));
  }

  /** Whether the current token is this keyword or symbol. */
  is(keyword: string): boolean {
    return this.lexer.keyword === keyword;
  }

  accept(keyword: string): boolean {
    if (this.lexer.keyword !== keyword) return false;
    this.lexer.next();
    return true;
  }

  /** One of these keywords, and goes on behind it. */
  acceptOne(keywords: ReadonlySet<string>): string | undefined {
    const { keyword } = this.lexer;
    if (!keywords.has(keyword)) return undefined;
    this.lexer.next();
    return keyword;
  }

  expect(keyword: string): void {
    if (!this.accept(keyword)) this.fail();
  }

  /** A bare name, one in backquotes or in double quotes. */
  isName(): boolean {
    const { kind } = this.lexer;
    return kind === 'word' || kind === 'name' || kind === 'text';
  }

  name(): string {
    if (!this.isName()) this.fail();
    const name = this.unquoted();
    this.lexer.next();
    return name;
  }

  /** The current token, without its quotes if it has any. */
  bare(): string {
    const quoted = this.isName() || this.lexer.kind === 'string';
    return quoted ? this.unquoted() : this.lexer.text();
  }

  /** What the current token, quoted or not, stands for. */
  unquoted(): string {
    const { lexer } = this;
    if (lexer.kind === 'word') return lexer.text();
    const quoted = lexer.source.slice(lexer.start + 1, lexer.end - 1);
    if (!lexer.escaped) return quoted;
    return unescaped(quoted, lexer.source.charAt(lexer.start), lexer.kind !== 'name');
  }

  tableName(): TableName {
    const first = this.name();
    if (!this.accept('.')) return { schema: '', name: first };
    return { schema: first, name: this.name() };
  }

  parameter(): Value {
    const value = this.#values === undefined ? UNKNOWN : this.#values[this.parameters];
    if (value === undefined) this.fail();
    this.parameters += 1;
    if (this.parameters > MOST_PARAMETERS) this.refuse(tooManyParameters());
    this.lexer.next();
    return value;
  }

  /** A literal or parameter; undefined when the current token is neither. */
  literal(): Value | undefined {
    const { lexer } = this;
    switch (lexer.kind) {
      case 'string':
      case 'text':
        return this.#string();
      case 'number': {
        const text = lexer.text();
        lexer.next();
        // A number that would not come back as it is written stays as it is written.
        return text.length < 16 && String(Number(text)) === text ? Number(text) : text;
      }
      case 'hex': {
        const text = unhex(lexer.text());
        if (text === undefined) this.fail();
        lexer.next();
        return text;
      }
      case 'parameter':
        return this.parameter();
      default:
        return undefined;
    }
  }

  /** Strings side by side are one. */
  #string(): string {
    let text = '';
    do {
      text += this.unquoted();
      this.lexer.next();
    } while (this.lexer.kind === 'string' || this.lexer.kind === 'text');
    return text;
  }

  /** Counts a part of an expression that is more than a literal. */
  node(): void {
    this.#nodes += 1;
    if (this.#nodes > MOST_NODES)
      this.refuse(tooLong(`a statement may have at most ${MOST_NODES} names and operators`));
  }

  /** Runs a rule that may contain itself. */
  deeper<T>(rule: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEEPEST) this.missing(`more than ${DEEPEST} levels within each other`);
    const result = rule();
    this.#depth -= 1;
    return result;
  }

  /** Goes to the end of the statement, or to `stop`, whatever stands there. */
  skip(stop: ReadonlySet<string> = new Set()): void {
    const { lexer } = this;
    while (!this.atEnd() && !stop.has(lexer.keyword)) this.pass();
  }

  /** Goes on, whatever the current token is. */
  pass(): void {
    const { lexer } = this;
    if (lexer.kind === 'open') this.fail();
    if (lexer.kind === 'parameter') this.parameter();
    else lexer.next();
  }

  atEnd(): boolean {
    return this.lexer.kind === 'end' || this.is(';');
  }

  /** The statement is over; a semicolon may end it. */
  end(): void {
    while (this.accept(';'));
    if (this.lexer.kind !== 'end') this.fail();
  }
}
