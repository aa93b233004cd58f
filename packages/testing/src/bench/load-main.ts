/** Main file of a load process: does what it is told over IPC, one order after the other. */
import { Broadcasts } from './broadcasts.ts';
import { Devices } from './devices.ts';
import { pace, send, setHashes } from './sender.ts';
import { sendSql } from './sql-sender.ts';

const devices = new Devices();
const broadcasts = new Broadcasts();

/** What a load process can do; its parent calls it through `startLoad`. */
export const orders = {
  connect: devices.connect.bind(devices),
  leave: devices.leave.bind(devices),
  watch: devices.watch.bind(devices),
  arrived: devices.arrived.bind(devices),
  setHashes,
  send,
  pace,
  sendSql,
  subscribe: broadcasts.subscribe.bind(broadcasts),
  unsubscribe: broadcasts.unsubscribe.bind(broadcasts),
  broadcast: broadcasts.broadcast.bind(broadcasts),
};

interface Order {
  readonly id: number;
  readonly name: keyof typeof orders;
  readonly order: never;
}

async function obey({ id, name, order }: Order): Promise<void> {
  try {
    process.send?.({ id, result: await orders[name](order) });
  } catch (error) {
    process.send?.({ id, error: (error as Error).message });
  }
}

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
// Of a Ctrl-C in the terminal the parent decides.
process.on('SIGINT', () => {});
