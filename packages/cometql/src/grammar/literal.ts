/** What quoted text and hexadecimal literals stand for. */

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

/**
 * The text between the quotes of `source`, from `from` to `to`: doubled quotes are one, and except in names a backslash
 * escapes as in MySQL.
 */
export function unescaped(source: string, from: number, to: number, backslash: boolean): string {
  const quote = source.charCodeAt(from - 1);
  const units = new Uint16Array(to - from);
  let length = 0;
  for (let at = from; at < to; at++) {
    let c = source.charCodeAt(at);
    if (c === BACKSLASH && backslash) {
      at += 1;
      const letter = source.charCodeAt(at);
      if (kept.has(letter)) units[length++] = c;
      c = escapes.get(letter) ?? letter;
    } else if (c === quote) at += 1;
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
