import { type Command, option, wholeOption } from '../command.ts';
import { stateFolder } from '../state-folder.ts';
import { up as runUp } from '../up/up.ts';

const maxGateways = 64;

export const up: Command = {
  usage: 'up [--gateways n] [--redis URL]',
  summary: 'runs everything on this machine, until Ctrl-C',
  help: `Starts gateways, ingest, cometql, worker and the demo, prints their URLs and the API key, and starts
again what dies. One per folder; the folder .encke keeps the API key and Redis's data.

  --gateways n   how many gateways (2), on ENCKE_GATEWAY_PORT and the ports after it
  --redis URL    this Redis (ENCKE_REDIS_URL); without: a redis-server or valkey-server
                 from PATH as a private child, installed with apt or brew when missing
  --state DIR    the folder to use instead of .encke

Other settings: the environment variables in .env.example.`,
  options: {
    gateways: { type: 'string' },
    redis: { type: 'string' },
    state: { type: 'string' },
  },
  arity: [0, 0],
  run(invocation) {
    const redisUrl = option(invocation, 'redis');
    return runUp({
      gateways: wholeOption(invocation, 'gateways', [1, maxGateways, 2]),
      ...(redisUrl !== undefined && { redisUrl }),
      env: invocation.env,
      folder: stateFolder(option(invocation, 'state')),
      entry: invocation.entry,
      say: invocation.say,
    });
  },
};
