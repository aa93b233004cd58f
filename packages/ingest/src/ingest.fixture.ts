import { createLog, createMetrics, type Log, loadConfig } from '@encke/service';
import { startIngest } from './ingest.ts';

export const apiKey = 'the-key';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; undefined when there is none. */
  readonly body: unknown;
}

type Env = Readonly<Record<string, string>>;

let installs = 0;

/** An ingest in this process, on a key prefix of its own. `env` goes over the defaults of a test. */
export async function startTestIngest(env: Env, log: Log = createLog('ingest', 'silent')) {
  installs += 1;
  const config = loadConfig({
    ENCKE_API_KEY: `${apiKey},the-next-key`,
    ENCKE_INGEST_PORT: '0',
    ENCKE_REDIS_PREFIX: `t${process.pid}-${installs}`,
    ...env,
  });
  const metrics = createMetrics('ingest');
  const running = await startIngest({ config, log, metrics });
  const host = `127.0.0.1:${running.port}`;
  const url = `http${config.tls ? 's' : ''}://${host}`;

  /** A string or bytes go as they are, anything else as JSON. */
  async function call(method: string, path: string, body?: unknown, headers: Env = {}) {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const text = raw || body === undefined ? body : JSON.stringify(body);
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text !== undefined && { body: text as BodyInit }),
    });
    const answer = await response.text();
    const { status } = response;
    return {
      status,
      headers: response.headers,
      body: answer === '' ? undefined : JSON.parse(answer),
    } satisfies Answer as Answer;
  }

  return {
    url,
    running,
    config,
    call,
    streamUrl: (app: number | string = 1) => `ws://${host}/v1/apps/${app}/stream`,
    /** The value of a metric without further labels. */
    async metric(name: string): Promise<number> {
      const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${name}{`));
      return Number(line?.split(' ').at(-1));
    },
    metricsText: () => metrics.text(),
    async stop() {
      await running.drain();
      await running.stop();
    },
  };
}

export type TestIngest = Awaited<ReturnType<typeof startTestIngest>>;
