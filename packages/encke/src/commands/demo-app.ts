import { runProcess } from '@encke/service';
import { type Command, option, UsageError, wholeOption } from '../command.ts';
import { startDemoApp } from '../demo-app.ts';

export const demoApp: Command = {
  usage: 'demo-app --ingest URL [--port n] [--app n]',
  summary: "the demo's application server",
  help: 'Started by `encke up`. It logs anybody in as anybody: not for the public.',
  options: {
    ingest: { type: 'string' },
    port: { type: 'string' },
    app: { type: 'string' },
  },
  arity: [0, 0],
  hidden: true,
  async run(invocation) {
    const ingest = option(invocation, 'ingest');
    if (ingest === undefined) throw new UsageError('--ingest is missing');
    const port = wholeOption(invocation, 'port', [0, 65_535, 0]);
    const app = wholeOption(invocation, 'app', [0, 999_999_999, 0]);
    await runProcess('demo-app', invocation.env, async ({ config }) => {
      const { host, apiKeys } = config;
      const demo = await startDemoApp({ ingest, apiKey: apiKeys[0] ?? '', app, host, port });
      return { ...demo, unready: () => undefined, drain: async () => {} };
    });
    return undefined;
  },
};
