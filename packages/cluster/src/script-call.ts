/**
 * EVALSHA, written out beforehand. The client's own way to build and serialise a command costs several times as much per
 * word, and a message has ten of them.
 */
import { Command } from 'ioredis';
import type { Script } from './scripts.ts';

export type Argument = string | number;

const lengthLines = Array.from({ length: 1_024 }, (_, length) => `\r\n$${length}\r\n`);
const lengthLine = (length: number): string => lengthLines[length] ?? `\r\n$${length}\r\n`;

export class ScriptCall extends Command {
  readonly #text: string;

  /** Keys are ASCII; arguments may be any text. */
  constructor(script: Script, keys: readonly string[], args: readonly Argument[]) {
    super('evalsha', [], { replyEncoding: 'utf8' });
    const [first = ''] = keys;
    // All that routing in a Cluster looks at.
    this.args = [script.sha, '1', first];
    const count = String(keys.length);
    const parts = new Array<string>(2 * (keys.length + args.length) + 2);
    let at = 0;
    parts[at++] =
      `*${3 + keys.length + args.length}\r\n$7\r\nevalsha\r\n$40\r\n${script.sha}\r\n$${count.length}\r\n${count}`;
    for (const key of keys) {
      parts[at++] = lengthLine(key.length);
      parts[at++] = key;
    }
    for (const arg of args) {
      const word = typeof arg === 'string' ? arg : String(arg);
      parts[at++] = lengthLine(Buffer.byteLength(word));
      parts[at++] = word;
    }
    parts[at] = '\r\n';
    // Joined at once: a string that grows word by word leaves as many behind as it has parts.
    this.#text = parts.join('');
  }

  override toWritable(): string {
    return this.#text;
  }
}
