export { serverVersion } from './version.ts';
