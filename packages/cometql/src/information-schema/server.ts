/** What the server can do, as `information_schema` and SHOW tell of it. */
import type { Row } from '../outcome.ts';
import { charset, collation, engine } from './schema.ts';

export const enginesColumns = ['ENGINE', 'SUPPORT', 'COMMENT', 'TRANSACTIONS', 'XA', 'SAVEPOINTS'];

export const enginesRows = (): Row[] => [
  [engine, 'DEFAULT', 'Users, messages and channels, in Redis', 'NO', 'NO', 'NO'],
];

export const charsetsColumns = [
  'CHARACTER_SET_NAME',
  'DEFAULT_COLLATE_NAME',
  'DESCRIPTION',
  'MAXLEN',
];

export const charsetsRows = (): Row[] => [[charset, collation, 'UTF-8 Unicode', '4']];

export const collationsColumns = [
  'COLLATION_NAME',
  'CHARACTER_SET_NAME',
  'ID',
  'IS_DEFAULT',
  'IS_COMPILED',
  'SORTLEN',
  'PAD_ATTRIBUTE',
];

/** The numbers by which the wire names them. */
export const collationsRows = (): Row[] => [
  ['utf8mb4_bin', charset, '46', '', 'Yes', '1', 'PAD SPACE'],
  [collation, charset, '45', 'Yes', 'Yes', '1', 'PAD SPACE'],
  ['utf8mb4_unicode_ci', charset, '224', '', 'Yes', '8', 'PAD SPACE'],
  ['utf8mb4_0900_ai_ci', charset, '255', '', 'Yes', '0', 'NO PAD'],
];
