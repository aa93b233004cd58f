import { type CometMessage, CometServer } from './comet-server.ts';
import type { ScriptedGateway, Visit } from './gateway.fixture.ts';

export const comet = CometServer();

/** Starts it at a gateway, which welcomes it; `node` as a page writes the gateway's address. */
export async function startAt(gateway: ScriptedGateway, node: string): Promise<Visit> {
  comet.start({ dev_id: '15', user_id: '7', user_key: 'key', node, wss: false });
  const visit = await gateway.visit();
  await visit.welcome();
  return visit;
}

export const nextMessage = (name = 'msg'): Promise<CometMessage> =>
  new Promise((resolve) => {
    const id = comet.subscription(name, (message) => {
      comet.unsubscription(id);
      resolve(message);
    });
  });
