/** SHOW for the server. */
import * as server from '../information-schema/server.ts';
import { variables } from '../questions/variables.ts';
import type { Shown } from './show.ts';

export const shownVariables: Shown = {
  columns: () => ['Variable_name', 'Value'],
  rows: (caller) => variables(caller),
};

/** The numbers of the whole cluster. `backend` is who sends: connections to this process; `frontend` is the browsers. */
export const status: Shown = {
  columns: () => ['Variable_name', 'Value'],
  async rows({ cluster, connections }, { modifiers }) {
    const now = await cluster.status();
    const some = { user_online: now.usersOnline, server_online: now.nodes, messages: now.messages };
    const more = {
      uptime: now.uptime,
      frontend_online: now.connections,
      backend_online: connections().length,
      frontend_messages: 0,
      backend_messages: now.messages,
    };
    const all = modifiers.has('GLOBAL') ? { ...some, ...more } : some;
    return Object.entries(all).map(([name, value]) => [name, String(value)]);
  },
};

export const processList: Shown = {
  columns: () => ['Id', 'User', 'Host', 'db', 'Command', 'Time', 'State', 'Info'],
  rows: ({ connections }) =>
    connections().map(({ id, user, host, database, command, seconds }) => {
      const db = database === '' ? null : database;
      return [String(id), user, host, db, command, String(Math.floor(seconds)), '', null];
    }),
};

export const engines: Shown = {
  columns: () => ['Engine', 'Support', 'Comment', 'Transactions', 'XA', 'Savepoints'],
  rows: server.enginesRows,
};

export const charsets: Shown = {
  columns: () => ['Charset', 'Description', 'Default collation', 'Maxlen'],
  rows: () =>
    server
      .charsetsRows()
      .map(([name = null, collation = null, text = null, length = null]) => [
        name,
        text,
        collation,
        length,
      ]),
};

export const collations: Shown = {
  columns: () => ['Collation', 'Charset', 'Id', 'Default', 'Compiled', 'Sortlen', 'Pad_attribute'],
  rows: server.collationsRows,
};

export const grants: Shown = {
  columns: () => ['Grants'],
  rows: ({ user }) => [[`GRANT SELECT, INSERT, DELETE ON *.* TO \`${user}\`@\`%\``]],
};

/** Warnings, or errors: everything that is wrong is an error of its statement. */
export const counted: Shown = {
  columns: ({ subject }) => [
    `@@session.${subject === 'COUNT WARNINGS' ? 'warning' : 'error'}_count`,
  ],
  rows: () => [['0']],
};

/** What there is none of. */
export const none = (...names: string[]): Shown => ({ columns: () => names, rows: () => [] });
