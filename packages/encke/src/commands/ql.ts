import type { StatementResult } from '@encke/cometql';
import { appOf, keyOf } from '../app-and-key.ts';
import { type Command, type Invocation, option, UsageError } from '../command.ts';
import { Failure } from '../failure.ts';
import { stateFolder } from '../state-folder.ts';
import { textTable } from '../text-table.ts';
import { runningUp } from '../up/lock.ts';

const defaultPort = 3307;

/** `host:port`; an IPv6 address stands in brackets. */
const address = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/;

function place(invocation: Invocation) {
  const { env } = invocation;
  const folder = stateFolder(option(invocation, 'state'));
  const key = keyOf(invocation, folder);
  const at =
    option(invocation, 'at') ??
    runningUp(folder)?.cometql ??
    `127.0.0.1:${env.ENCKE_COMETQL_PORT || defaultPort}`;
  const [, host, port] = address.exec(at) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw new UsageError('--at must be host:port, such as 127.0.0.1:3307');
  return {
    at,
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(port),
    key,
    app: appOf(invocation),
    tls: invocation.options.tls === true || Boolean(env.ENCKE_TLS_CERT),
  };
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

function shown(result: StatementResult): string {
  if (result.kind === 'ok') {
    const id = result.insertId > 0 ? `, id ${result.insertId}` : '';
    return `OK, ${counted(result.affectedRows, 'row')} affected${id}`;
  }
  const { columns, rows } = result;
  const cells = rows.map((row) => row.map((value) => value ?? 'NULL'));
  return `${textTable(columns, cells)}\n(${counted(rows.length, 'row')})`;
}

export const ql: Command = {
  usage: 'ql <statement>',
  summary: 'carries out a CometQL statement and prints its answer',
  help: `For example: encke ql "SHOW STATUS"

  --app n      application number (0)
  --at ADDR    host:port of cometql (the running \`encke up\`, else 127.0.0.1:3307)
  --key KEY    the API key (ENCKE_API_KEY, else the one \`encke up\` made)
  --tls        the server has a certificate (also when ENCKE_TLS_CERT is set); NODE_EXTRA_CA_CERTS
               names a file of CAs to trust`,
  options: {
    app: { type: 'string' },
    at: { type: 'string' },
    key: { type: 'string' },
    tls: { type: 'boolean' },
    state: { type: 'string' },
  },
  arity: [1, 1],
  async run(invocation) {
    const [statement = ''] = invocation.args;
    const { at, ...to } = place(invocation);
    // Imported on demand: only this verb speaks MySQL.
    const { runStatement, StatementFailed } = await import('@encke/cometql');
    try {
      invocation.say(shown(await runStatement(to, statement)));
    } catch (error) {
      if (!(error instanceof StatementFailed)) throw error;
      if (error.errno !== undefined) throw new Failure(`Error ${error.errno}: ${error.message}`);
      throw new Failure(
        `cometql at ${at} did not answer (${error.message}). Is \`encke up\` running? --at names another place.`,
      );
    }
    return 0;
  },
};
