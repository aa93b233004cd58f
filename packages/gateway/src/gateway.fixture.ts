import { createLog, createMetrics, loadConfig } from '@encke/service';
import { startGateway } from './index.ts';

type Env = Readonly<Record<string, string>>;

let installs = 0;

/** A gateway in this process, on a key prefix of its own. `env` goes over the defaults of a test. */
export async function startTestGateway(env: Env, log = createLog('gateway', 'silent')) {
  installs += 1;
  const config = loadConfig({
    ENCKE_HOST: '127.0.0.1',
    ENCKE_GATEWAY_PORT: '0',
    ENCKE_API_KEY: 'test-api-key',
    ENCKE_DRAIN_SECONDS: '1',
    ENCKE_REDIS_PREFIX: `t${process.pid}-${installs}`,
    ...env,
  });
  const metrics = createMetrics('gateway');
  const running = await startGateway({ config, log, metrics });
  return {
    config,
    running,
    node: running.node ?? '',
    address: `127.0.0.1:${running.port}`,
    /** The value of a metric, of the label value `label` if it has labels. */
    async metric(name: string, label = ''): Promise<number> {
      const lines = (await metrics.text()).split('\n');
      const line = lines.find((text) => text.startsWith(`${name}{`) && text.includes(label));
      return Number(line?.split(' ').at(-1));
    },
    async stop() {
      await running.drain();
      await running.stop();
    },
  };
}

export type TestGateway = Awaited<ReturnType<typeof startTestGateway>>;
