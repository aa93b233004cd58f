/** The other end of the wire, for the operator's verb: one statement, over the network like any client. */
import { isIP } from 'node:net';
import type { ResultSetHeader } from 'mysql2';
import { createConnection } from 'mysql2/promise';

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly app: number;
  readonly key: string;
  /** The server has a certificate that this machine trusts: whoever answers may ask for the key itself. */
  readonly tls: boolean;
}

export type StatementResult =
  | { readonly kind: 'ok'; readonly affectedRows: number; readonly insertId: number }
  | {
      readonly kind: 'rows';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly (string | null)[])[];
    };

/** `errno` is the server's; undefined: it was not reached, or the connection broke. */
export class StatementFailed extends Error {
  readonly errno: number | undefined;
  constructor(message: string, errno: number | undefined) {
    super(message);
    this.name = 'StatementFailed';
    this.errno = errno;
  }
}

/** Milliseconds. */
const connectTimeout = 10_000;

interface MysqlError extends Error {
  readonly errno?: number;
  readonly sqlState?: string;
  readonly code?: string;
}

/** What the server says has an SQLSTATE; what the system says has not. */
function failed(error: unknown): StatementFailed {
  const { message, code, errno, sqlState } = error as MysqlError;
  const hint =
    code === 'HANDSHAKE_SSL_ERROR' ? '; NODE_EXTRA_CA_CERTS names a file of CAs to trust' : '';
  return new StatementFailed(
    `${message || code || 'no answer'}${hint}`,
    sqlState ? errno : undefined,
  );
}

/** @throws StatementFailed */
export async function runStatement(place: Place, statement: string): Promise<StatementResult> {
  const { host, port, app, key, tls } = place;
  try {
    const connection = await createConnection({
      ...{ host, port, user: String(app), password: key, connectTimeout },
      // By an address the library would look for the name `localhost`.
      ...(tls && { ssl: { verifyIdentity: isIP(host) === 0 } }),
    });
    try {
      const [result, fields] = await connection.query({ sql: statement, rowsAsArray: true });
      if (!Array.isArray(result)) {
        const { affectedRows, insertId } = result as ResultSetHeader;
        return { kind: 'ok', affectedRows, insertId };
      }
      const rows = result as unknown as (string | null)[][];
      return { kind: 'rows', columns: fields.map(({ name }) => name), rows };
    } finally {
      connection.destroy();
    }
  } catch (error) {
    throw failed(error);
  }
}
