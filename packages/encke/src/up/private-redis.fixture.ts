/** For private-redis.redis.test.ts: holds a private Redis in the folder and on the port it is given, until it is killed. */
import { obtainRedis } from '../redis-program.ts';
import { startRedis } from './private-redis.ts';

const [folder = '', port = ''] = process.argv.slice(2);
const program = await obtainRedis(process.env.PATH ?? '', console.error);
await startRedis(program, folder, Number(port)).ready;
process.send?.('ready');
