export { startCometql } from './cometql.ts';
