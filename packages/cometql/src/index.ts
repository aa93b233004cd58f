export { startCometql } from './cometql.ts';
export { runStatement, StatementFailed, type StatementResult } from './run-statement.ts';
