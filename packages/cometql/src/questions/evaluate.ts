/** What an expression comes to, over one row or over none. */
import type { Caller } from '../caller.ts';
import type { Expression, Link, Value } from '../grammar/syntax-tree.ts';
import { callFunction, isTrue, numberOf } from './functions.ts';
import { isLike } from './like.ts';
import { setting } from './variables.ts';

export interface Scope {
  readonly caller: Caller;
  /** The column of the row, in whatever capitals; undefined when there is none. */
  column(name: string): string | null | undefined;
}

export const noRow = (caller: Caller): Scope => ({ caller, column: () => undefined });

const truth = (value: boolean): Value => Number(value);

export function evaluate(expression: Expression, scope: Scope): Value {
  if (typeof expression !== 'object' || expression === null) return expression;
  switch (expression.kind) {
    case 'name':
      return named(expression.path.at(-1) ?? '', expression.text, scope);
    case 'setting':
      return setting(expression.name, scope.caller);
    case 'variable':
      return null;
    case 'call': {
      const args = expression.args.map((arg) => evaluate(arg, scope));
      return callFunction(expression.name, args, scope.caller);
    }
    case 'chain':
      return expression.links.reduce(
        (left, link) => operate(left, link, scope),
        evaluate(expression.first, scope),
      );
    case 'all':
      return decide(expression.parts, false, scope);
    case 'any':
      return decide(expression.parts, true, scope);
    case 'not': {
      const value = evaluate(expression.operand, scope);
      return value === null ? null : truth(!isTrue(value));
    }
    case 'minus': {
      const value = evaluate(expression.operand, scope);
      return value === null ? null : `-${value}`;
    }
    case 'between':
      return between(expression, scope);
    case 'case':
      return choose(expression, scope);
    default:
      return test(expression, scope);
  }
}

/** Of AND, what is false decides; of OR, what is true. NULL does only when nothing else has. */
function decide(parts: readonly Expression[], decisive: boolean, scope: Scope): Value {
  let result = truth(!decisive);
  for (const part of parts) {
    const value = evaluate(part, scope);
    if (value === null) result = null;
    else if (isTrue(value) === decisive) return truth(decisive);
  }
  return result;
}

type Of<Kind extends string> = Extract<Expression, { readonly kind: Kind }>;

/** NULL when it depends on one. */
function between({ operand, from, to }: Of<'between'>, scope: Scope): Value {
  const value = evaluate(operand, scope);
  const least = operate(value, { operator: '>=', operand: from }, scope);
  const most = operate(value, { operator: '<=', operand: to }, scope);
  if (least === 0 || most === 0) return 0;
  return least === null || most === null ? null : 1;
}

function choose({ operand, branches, otherwise }: Of<'case'>, scope: Scope): Value {
  const value = operand === undefined ? null : evaluate(operand, scope);
  const branch = branches.find(({ when }) => {
    const test = evaluate(when, scope);
    return operand === undefined ? isTrue(test) : equal(value, test);
  });
  return evaluate(branch === undefined ? otherwise : branch.value, scope);
}

function named(name: string, text: boolean, scope: Scope): Value {
  const value = scope.column(name);
  if (value !== undefined) return value;
  return text ? name : null;
}

function test(expression: Of<'in' | 'like' | 'is'>, scope: Scope): Value {
  const value = evaluate(expression.operand, scope);
  if (expression.kind === 'is') {
    const is = expression.value === null ? value === null : isTrue(value) === expression.value;
    return truth(is);
  }
  if (value === null) return null;
  if (expression.kind === 'in')
    return truth(expression.list.some((item) => equal(value, evaluate(item, scope))));
  const pattern = evaluate(expression.pattern, scope);
  return pattern === null ? null : truth(isLike(String(value), String(pattern)));
}

/** Characters. Longer text is nobody's name, and would take long to compare so. */
const longestName = 1_024;

/** Below zero, zero or above, as `a` comes before, with or behind `b`; numbers as numbers, text without regard to capitals, as names are. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return numberOf(a) - numberOf(b);
  if (a === b) return 0;
  const isShort = a.length <= longestName && b.length <= longestName;
  const [x, y] = isShort ? [a.toLowerCase(), b.toLowerCase()] : [a, b];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

function equal(a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  // Long lists are looked through so.
  if (typeof a === 'string' && typeof b === 'string' && a.length !== b.length) return false;
  return compare(a, b) === 0;
}

function operate(left: Value, { operator, operand }: Link, scope: Scope): Value {
  const right = evaluate(operand, scope);
  if (operator === '<=>') return truth(equal(left, right) || (left === null && right === null));
  if (left === null || right === null) return null;
  const order = compare(left, right);
  switch (operator) {
    case '=':
      return truth(order === 0);
    case '<':
      return truth(order < 0);
    case '<=':
      return truth(order <= 0);
    case '>':
      return truth(order > 0);
    case '>=':
      return truth(order >= 0);
    case '<>':
    case '!=':
      return truth(order !== 0);
    default:
      return calculate(numberOf(left), operator, numberOf(right));
  }
}

function calculate(left: number, operator: string, right: number): Value {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  if (right === 0) return null;
  if (operator === '/') return left / right;
  return operator === 'DIV' ? Math.trunc(left / right) : left % right;
}
