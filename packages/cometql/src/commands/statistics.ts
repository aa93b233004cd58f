import { plain } from '../wire/answer.ts';
import type { Command } from './command.ts';

/** COM_STATISTICS: a line for a person. The numbers of the whole installation are in `SHOW STATUS`. */
export const statistics: Command = ({ client, sequence }) => {
  const threads = client.house.surroundings.connections().length;
  const uptime = Math.floor(process.uptime());
  return plain(sequence, Buffer.from(`Uptime: ${uptime}  Threads: ${threads}`));
};
