/** The one list of tables. */
import { noTable, notImplemented } from '../faults.ts';
import type { SqlFault } from '../outcome.ts';
import type { Table } from './define.ts';
import { pipes } from './pipes.ts';
import { pipesMessages } from './pipes-messages.ts';
import { pipesSettings } from './pipes-settings.ts';
import { revokedTokens } from './revoked-tokens.ts';
import { usersAuth } from './users-auth.ts';
import { usersData } from './users-data.ts';
import { usersInPipes } from './users-in-pipes.ts';
import { usersMessages } from './users-messages.ts';
import { usersTime } from './users-time.ts';

/** The one database. */
export const schema = 'CometQL_v1';

export const isSchema = (name: string): boolean => name.toLowerCase() === schema.toLowerCase();

export const tables: readonly Table[] = [
  pipes,
  pipesMessages,
  pipesSettings,
  revokedTokens,
  usersAuth,
  usersData,
  usersInPipes,
  usersMessages,
  usersTime,
];

const byName = new Map(tables.map((table) => [table.name, table]));

/** The telephony of the old server. */
const telephony = new Set(['conference', 'conference_members', 'dialogs']);

export function findTable(name: string): Table | SqlFault {
  const lower = name.toLowerCase();
  if (telephony.has(lower)) return notImplemented(`the table \`${lower}\``);
  return byName.get(lower) ?? noTable(name);
}
