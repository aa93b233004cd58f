/** Longer patterns match nothing: the names that are matched are short. */
const longestPattern = 1_024;

/** Whether `text` is like `pattern`: `%` stands for anything, `_` for one character. Capitals make no difference. */
export function isLike(text: string, pattern: string): boolean {
  if (pattern.length > longestPattern) return false;
  const [subject, parts] = [text.toLowerCase(), partsOf(pattern.toLowerCase())];
  let [at, part] = [0, 0];
  // Where to go on when the text behind the last `%` turns out to be another.
  let [retryAt, retryPart] = [0, -1];
  while (at < subject.length) {
    const wanted = parts[part];
    if (wanted === '%') {
      [retryAt, retryPart] = [at, part];
      part += 1;
    } else if (wanted === '_' || wanted === `\\${subject[at]}`) {
      at += 1;
      part += 1;
    } else if (retryPart >= 0) {
      retryAt += 1;
      [at, part] = [retryAt, retryPart + 1];
    } else return false;
  }
  while (parts[part] === '%') part += 1;
  return part === parts.length;
}

/** `%`, `_`, or a backslash and a character that stands for itself. */
function partsOf(pattern: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const c = pattern[at] as string;
    if (c === '%' || c === '_') parts.push(c);
    else if (c === '\\' && at + 1 < pattern.length) {
      at += 1;
      parts.push(`\\${pattern[at]}`);
    } else parts.push(`\\${c}`);
  }
  return parts;
}
