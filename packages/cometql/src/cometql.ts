import type { Context, Running } from '@encke/service';
import { execute, prepare } from './execute.ts';
import { startServer } from './server.ts';

/**
 * CometQL over the MySQL wire. Starts also while Redis is away: statements are then answered with error 1205.
 * @throws when there is no API key, a certificate cannot be read, or the port cannot be had.
 */
export const startCometql = (context: Context): Promise<Running> =>
  startServer(context, { language: { execute, prepare } });
