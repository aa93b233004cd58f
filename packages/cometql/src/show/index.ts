/** The one list of what SHOW shows. */
import { notImplemented } from '../faults.ts';
import type { Show, Statement } from '../grammar/syntax-tree.ts';
import { type Column, isSqlFault, loose, type SqlFault } from '../outcome.ts';
import type { Plan } from '../plan.ts';
import { isLike } from '../questions/like.ts';
import { filterRows } from '../select/filter.ts';
import * as schema from './schema.ts';
import * as server from './server.ts';
import type { Shown } from './show.ts';

const messages = server.none('Level', 'Code', 'Message');
const routines = server.none('Db', 'Name', 'Type', 'Definer', 'Modified', 'Created', 'Comment');

const subjects = new Map<string, Shown>([
  ['DATABASES', schema.databases],
  ['SCHEMAS', schema.databases],
  ['TABLES', schema.tableNames],
  ['TABLE STATUS', schema.tableStatus],
  ['COLUMNS', schema.columns],
  ['FIELDS', schema.columns],
  ['INDEX', schema.indexes],
  ['INDEXES', schema.indexes],
  ['KEYS', schema.indexes],
  ['CREATE TABLE', schema.createTable],
  ['CREATE DATABASE', schema.createDatabase],
  ['CREATE SCHEMA', schema.createDatabase],
  ['STATUS', server.status],
  ['VARIABLES', server.shownVariables],
  ['PROCESSLIST', server.processList],
  ['ENGINES', server.engines],
  ['CHARACTER SET', server.charsets],
  ['CHARSET', server.charsets],
  ['COLLATION', server.collations],
  ['GRANTS', server.grants],
  ['COUNT WARNINGS', server.counted],
  ['COUNT ERRORS', server.counted],
  ['WARNINGS', messages],
  ['ERRORS', messages],
  ['PROCEDURE STATUS', routines],
  ['FUNCTION STATUS', routines],
  ['TRIGGERS', server.none('Trigger', 'Event', 'Table', 'Statement', 'Timing', 'Created')],
  ['EVENTS', server.none('Db', 'Name', 'Definer', 'Time zone', 'Type', 'Status')],
  ['PLUGINS', server.none('Name', 'Status', 'Type', 'Library', 'License')],
  ['OPEN TABLES', server.none('Database', 'Table', 'In_use', 'Name_locked')],
  ['PRIVILEGES', server.none('Privilege', 'Context', 'Comment')],
  ['MASTER STATUS', server.none('File', 'Position')],
  ['SLAVE STATUS', server.none('Slave_IO_State', 'Master_Host')],
  ['REPLICA STATUS', server.none('Replica_IO_State', 'Source_Host')],
]);

export function planShow(show: Show, database: string): Plan | SqlFault {
  const shown = subjects.get(show.subject);
  if (shown === undefined) return notImplemented(`SHOW ${show.subject.slice(0, 64)}`);
  const names = shown.columns(show, database);
  if (isSqlFault(names)) return names;
  const columns: Column[] = names.map((name) => loose(name));
  const { like, where } = show;
  return {
    columns,
    async run(caller) {
      const all = await shown.rows(caller, show);
      const liked = like === undefined ? all : all.filter(([name]) => isLike(name ?? '', like));
      return { kind: 'rows', columns, rows: filterRows(caller, columns, liked, where) };
    },
  };
}

/** The same as SHOW COLUMNS. */
export function planDescribe(
  { table, column: like }: Extract<Statement, { readonly kind: 'describe' }>,
  database: string,
): Plan | SqlFault {
  const modifiers = new Set<string>();
  return planShow(
    { kind: 'show', subject: 'COLUMNS', modifiers, table, like, where: undefined },
    database,
  );
}
