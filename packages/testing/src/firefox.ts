import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { WebSocket } from 'ws';
import { eventually } from './eventually.ts';
import { freePort, spawnGuarded, temporaryFolder } from './guard.ts';

/** Where Firefox is; undefined: this machine has none. */
function firefoxProgram(): string | undefined {
  for (const name of ['firefox-esr', 'firefox'])
    for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'])
      if (existsSync(join(folder, name))) return join(folder, name);
  return undefined;
}

/** For `test(…, { skip })`: why tests in Firefox cannot run here, or false. */
export const firefoxSkip: string | false =
  firefoxProgram() === undefined ? 'no Firefox on PATH' : false;

interface Answer {
  readonly id?: number;
  readonly type: string;
  readonly message?: string;
  readonly result?: unknown;
}

/** One tab. Playwright drives only a Firefox of its own, so this speaks WebDriver BiDi, the standard, itself. */
export class FirefoxTab {
  readonly #browser: Firefox;
  readonly #context: string;

  constructor(browser: Firefox, context: string) {
    this.#browser = browser;
    this.#context = context;
  }

  async goto(url: string): Promise<void> {
    await this.#browser.send('browsingContext.navigate', {
      context: this.#context,
      url,
      wait: 'complete',
    });
  }

  /** The value of an expression, awaited; it has to be JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#browser.send('script.evaluate', {
      expression: `(async () => JSON.stringify(await (${expression})))()`,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: { value?: string }; exceptionDetails?: { text: string } };
    if (exceptionDetails) throw new Error(exceptionDetails.text);
    return JSON.parse(result?.value ?? 'null') as T;
  }

  async close(): Promise<void> {
    await this.#browser.send('browsingContext.close', { context: this.#context });
  }
}

/** A headless Firefox with a profile of its own. */
export class Firefox {
  readonly #socket: WebSocket;
  readonly #end: () => Promise<void>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #count = 0;

  constructor(socket: WebSocket, end: () => Promise<void>) {
    this.#socket = socket;
    this.#end = end;
    socket.on('message', (text) => {
      const answer = JSON.parse(String(text)) as Answer;
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer);
    });
  }

  async send(method: string, params: unknown): Promise<unknown> {
    this.#count += 1;
    const id = this.#count;
    const coming = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { type, message, result } = await coming;
    this.#waiting.delete(id);
    if (type === 'error') throw new Error(`${method}: ${message}`);
    return result;
  }

  async newTab(): Promise<FirefoxTab> {
    const { context } = (await this.send('browsingContext.create', { type: 'tab' })) as {
      context: string;
    };
    return new FirefoxTab(this, context);
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    await this.#end();
  }
}

export async function startFirefox(): Promise<Firefox> {
  const program = firefoxProgram();
  if (program === undefined) throw new Error('no Firefox on PATH');
  const profile = temporaryFolder('encke-firefox-');
  const port = await freePort();
  const browser = await spawnGuarded('env', [
    `HOME=${profile.path}`,
    program,
    ...[
      '--headless',
      '--no-remote',
      '--profile',
      profile.path,
      '--remote-debugging-port',
      `${port}`,
    ],
  ]);
  const end = async () => {
    await browser.kill();
    profile.remove();
  };
  try {
    const socket = await eventually(
      async () => {
        const candidate = new WebSocket(`ws://127.0.0.1:${port}/session`);
        await once(candidate, 'open');
        return candidate;
      },
      { timeout: 60_000, every: 200 },
    );
    const firefox = new Firefox(socket, end);
    await firefox.send('session.new', { capabilities: {} });
    return firefox;
  } catch (error) {
    await end();
    throw error;
  }
}
