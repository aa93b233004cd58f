/** What quoted text and hexadecimal literals stand for. */

import { find } from './lexer.ts';

const BACKSLASH = 92;

/** The letters behind a backslash that mean something else than themselves. */
const escapes = new Map(
  Object.entries({ '0': 0, b: 8, n: 10, r: 13, t: 9, Z: 26 }).map(([letter, means]) => [
    letter.charCodeAt(0),
    means,
  ]),
);

/** Behind these the backslash stays: they are for LIKE, which reads it itself. */
const kept = new Set(['%', '_'].map((character) => character.charCodeAt(0)));

/** Code units turned into text at once: each is an argument of one call. */
const share = 4_096;

function textOf(units: Uint16Array): string {
  let text = '';
  for (let i = 0; i < units.length; i += share)
    text += String.fromCharCode(...units.subarray(i, i + share));
  return text;
}

/** Escapes put together piece by piece. Many more would take far more memory than the text. */
const few = 256;

/**
 * What stands between two quotes, as it is meant: doubled quotes are one, and except in names a backslash escapes as in
 * MySQL.
 */
export function unescaped(quoted: string, quote: string, backslash: boolean): string {
  const { length } = quoted;
  let text = '';
  let start = 0;
  let [nextQuote, nextBackslash] = [-1, backslash ? -1 : length];
  for (let at = 0, met = 0; ; met++) {
    if (nextQuote < at) nextQuote = find(quoted, quote, at);
    if (nextBackslash < at) nextBackslash = find(quoted, '\\', at);
    const next = Math.min(nextQuote, nextBackslash);
    if (next >= length) return text + quoted.slice(start);
    if (met === few) return text + unescapedUnits(quoted.slice(start), quote, backslash);
    text += quoted.slice(start, next);
    const letter = quoted.charCodeAt(next + 1);
    const means = next === nextBackslash ? escapes.get(letter) : undefined;
    at = next + 2;
    start = next + 1;
    if (means !== undefined) {
      text += String.fromCharCode(means);
      start = at;
    } else if (next === nextBackslash && kept.has(letter)) start = next;
  }
}

/** The same, in memory that does not depend on how much is escaped. */
function unescapedUnits(quoted: string, quote: string, backslash: boolean): string {
  const doubled = quote.charCodeAt(0);
  const units = new Uint16Array(quoted.length);
  let length = 0;
  for (let at = 0; at < quoted.length; at++) {
    let c = quoted.charCodeAt(at);
    if (c === BACKSLASH && backslash) {
      at += 1;
      const letter = quoted.charCodeAt(at);
      if (kept.has(letter)) units[length++] = c;
      c = escapes.get(letter) ?? letter;
    } else if (c === doubled) at += 1;
    units[length++] = c;
  }
  return textOf(units.subarray(0, length));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `X'…'` or `0x…`, whose bytes are text. @returns undefined when they are not UTF-8. */
export function unhex(literal: string): string | undefined {
  const digits = literal.slice(2).replace(/'$/, '');
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
