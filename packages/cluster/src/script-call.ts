/**
 * EVALSHA, written out beforehand. The client's own way to build and serialise a command costs several times as much per
 * word, and a message has ten of them.
 */
import { Command } from 'ioredis';
import type { Script } from './scripts.ts';

export type Argument = string | number;

export class ScriptCall extends Command {
  readonly #text: string;

  /** Keys are ASCII; arguments may be any text. */
  constructor(script: Script, keys: readonly string[], args: readonly Argument[]) {
    super('evalsha', [], { replyEncoding: 'utf8' });
    const [first = ''] = keys;
    // All that routing in a Cluster looks at.
    this.args = [script.sha, '1', first];
    const count = String(keys.length);
    let text = `*${3 + keys.length + args.length}\r\n$7\r\nevalsha\r\n$40\r\n${script.sha}\r\n$${count.length}\r\n${count}\r\n`;
    for (const key of keys) text += `$${key.length}\r\n${key}\r\n`;
    for (const arg of args) {
      const word = typeof arg === 'string' ? arg : String(arg);
      text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
    }
    this.#text = text;
  }

  override toWritable(): string {
    return this.#text;
  }
}
