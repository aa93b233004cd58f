/** A server on a free port whose language is a small table of the test's own; it never asks Redis anything. */
import { createLog, createMetrics, loadConfig } from '@encke/service';
import type { Caller, Parameter } from './caller.ts';
import type { Patience } from './client.ts';
import type { Language } from './language.ts';
import { loose, type Outcome, ok, SqlFault } from './outcome.ts';
import { startServer } from './server.ts';

export const apiKey = 'the-key';
const nobody = 'redis://127.0.0.1:1';

export interface WireOptions {
  readonly patience?: Partial<Patience>;
  readonly mostConnections?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of the table. */
  readonly language?: Language;
}

interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const rows = (text: string): Outcome => ({
  kind: 'rows',
  columns: [loose('text'), { ...loose('nothing'), primary: true, table: 't', schema: 'd' }],
  rows: [[text, null]],
});
async function outcome(
  caller: Caller,
  statement: string,
  parameters: readonly Parameter[],
): Promise<Outcome> {
  const [word = '', size] = statement.trim().split(' ');
  switch (word.toUpperCase()) {
    case 'INSERT':
    case 'REPLACE':
      return ok(1, 7);
    case 'SELECT':
      return rows(JSON.stringify([statement, ...parameters.map((p) => `${typeof p} ${p}`)]));
    case 'SHOW':
    case 'SET':
      return rows(caller.database);
    case 'BIG':
      return rows('x'.repeat(Number(size)));
    case 'FAIL':
      return new SqlFault(12, 'field `hash` is required');
    case 'AWAY':
      return new SqlFault(1205, 'Redis is away: the statement was not carried out');
    case 'BUG':
      throw new Error('a bug of the test');
    case 'USE':
      if (!/^USE `CometQL_v1`$/.test(statement))
        return new SqlFault(1049, 'Unknown database', '42000');
      caller.database = 'CometQL_v1';
      return ok();
    default:
      return new SqlFault(3, 'You have an error in your SQL syntax');
  }
}
/** Statements that start and do not end until the test says so are `… WAIT name …`. */
function table() {
  const started: string[] = [];
  const gates = new Map<string, Gate>();
  const gateOf = (name: string): Gate => {
    const known = gates.get(name) ?? gate();
    gates.set(name, known);
    return known;
  };
  return {
    started,
    open: (name: string) => gateOf(name).open(),
    language: {
      async execute(caller: Caller, statement: string, parameters: readonly Parameter[]) {
        started.push(statement);
        const wait = /WAIT (\w+)/.exec(statement)?.[1];
        if (wait !== undefined) await gateOf(wait).opened;
        return outcome(caller, statement, parameters);
      },
      prepare(statement: string) {
        if (statement.startsWith('FAIL')) return new SqlFault(3, 'syntax');
        if (statement.includes('`unknown`')) return new SqlFault(15, "Table doesn't exist");
        const columns = statement.startsWith('SELECT') ? [loose('text'), loose('nothing')] : [];
        return { parameters: statement.split('?').length - 1, columns };
      },
    },
  };
}

export async function startWire(options: WireOptions = {}) {
  const { patience, mostConnections, env } = options;
  const config = loadConfig({
    ENCKE_API_KEY: `old-key,${apiKey}`,
    ENCKE_COMETQL_PORT: '0',
    ENCKE_REDIS_URL: nobody,
    ENCKE_DRAIN_SECONDS: '20',
    ...env,
  });
  const metrics = createMetrics('cometql');
  const { language: ofTable, started, open } = table();
  const language = options.language ?? ofTable;
  const lines: string[] = [];
  const log = createLog('cometql', 'info', { write: (line: string) => void lines.push(line) });
  const running = await startServer(
    { config, metrics, log },
    { language, ...(patience && { patience }), ...(mostConnections && { mostConnections }) },
  );
  return {
    port: running.port,
    running,
    /** Statements in the order in which they started. */
    started,
    open,
    lines,
    /** The value of the series that begins so. */
    async metric(series: string): Promise<number> {
      const text = await metrics.text();
      const line = text.split('\n').find((one) => one.startsWith(series));
      return Number(line?.split(' ').at(-1));
    },
    stop: () => running.stop(),
  };
}

export type Wire = Awaited<ReturnType<typeof startWire>>;
