/** How one environment variable is read: from its text, or undefined when it is unset, to its value or a broken rule. */

export class Broken {
  readonly rule: string;
  constructor(rule: string) {
    this.rule = rule;
  }
}

type Parse<T> = (text: string | undefined) => T | Broken;

export const text =
  (fallback: string): Parse<string> =>
  (value) =>
    value ?? fallback;

export const matching =
  (pattern: RegExp, rule: string, fallback: string): Parse<string> =>
  (value = fallback) =>
    pattern.test(value) ? value : new Broken(rule);

export const optional =
  (pattern: RegExp, rule: string): Parse<string | undefined> =>
  (value) =>
    value === undefined || pattern.test(value) ? value : new Broken(rule);

export const oneOf =
  <const T extends string>(choices: readonly T[], fallback: T): Parse<T> =>
  (value = fallback) =>
    choices.find((choice) => choice === value) ??
    new Broken(`must be one of ${choices.join(', ')}`);

const between = (value: number, from: number, to: number) => value >= from && value <= to;

export const whole =
  (from: number, to: number, fallback: number, unit: string): Parse<number> =>
  (value) => {
    if (value === undefined) return fallback;
    if (/^\d{1,12}$/.test(value) && between(Number(value), from, to)) return Number(value);
    return new Broken(`must be a whole number of ${unit} from ${from} to ${to}`);
  };

export const port =
  (fallback: number): Parse<number> =>
  (value) => {
    if (value === undefined) return fallback;
    if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
    return new Broken('must be a port from 0 to 65535 (0 picks a free one)');
  };

/** A duration that may have a fraction. */
export const seconds =
  (from: number, to: number, fallback: number): Parse<number> =>
  (value) => {
    if (value === undefined) return fallback;
    if (/^\d{1,6}(\.\d{1,3})?$/.test(value) && between(Number(value), from, to))
      return Number(value);
    return new Broken(`must be a number of seconds from ${from} to ${to}`);
  };

/** Comma-separated; unset is the empty list. `item` gives undefined for an item that breaks the rule. */
export const list =
  (item: (value: string) => string | undefined, rule: string): Parse<readonly string[]> =>
  (value) => {
    if (value === undefined) return [];
    const items: string[] = [];
    for (const part of value.split(',')) {
      const read = item(part.trim());
      if (read === undefined) return new Broken(rule);
      items.push(read);
    }
    return items;
  };

/** An origin as browsers write it into the Origin header: scheme, host and port, nothing else, and no pattern. */
export function origin(value: string): string | undefined {
  if (!/^https?:\/\/[^\s/?#@*]+\/?$/i.test(value) || !URL.canParse(value)) return undefined;
  return new URL(value).origin;
}
