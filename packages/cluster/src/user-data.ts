/** A user's public data: what the application server lets every browser of the app read. */
import type { App, User } from '@encke/protocol';
import type { Context } from './context.ts';
import { runGuarded } from './guarded.ts';
import { target } from './keys.ts';
import { scripts } from './scripts.ts';

export class UserData {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  #place(app: App, user: User): { partition: number; key: string } {
    const { keys } = this.#context;
    const name = target(app, user);
    const { partition } = keys.user(name);
    return { partition, key: keys.data(name, partition) };
  }

  /** `data` is JSON text, within the message limit. It stays until it is removed. */
  async set(app: App, user: User, data: string): Promise<void> {
    const { partition, key } = this.#place(app, user);
    await runGuarded(this.#context, scripts.setText, partition, [key], [data, '']);
  }

  async get(app: App, user: User): Promise<string | undefined> {
    const { key } = this.#place(app, user);
    const data = await this.#context.commands.send(['get', key]);
    return (data as string | null) ?? undefined;
  }

  /** @returns whether there was any. */
  async remove(app: App, user: User): Promise<boolean> {
    const { partition, key } = this.#place(app, user);
    const values = await runGuarded(this.#context, scripts.removeText, partition, [key], []);
    return values[1] === 1;
  }
}
