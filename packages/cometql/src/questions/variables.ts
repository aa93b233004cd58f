/** The settings of MySQL that clients ask about. They decide by the answers how to speak, so the answers fit what is spoken here. */
import type { Caller } from '../caller.ts';
import { serverVersion } from '../version.ts';

/** Bytes of a statement, as the wire takes them at most: one packet, not full, without the byte for the command. */
export const maxPacket = 16 * 1_048_576 - 3;

const fixed: Readonly<Record<string, string>> = {
  auto_increment_increment: '1',
  auto_increment_offset: '1',
  basedir: '',
  character_set_client: 'utf8mb4',
  character_set_connection: 'utf8mb4',
  character_set_database: 'utf8mb4',
  character_set_filesystem: 'binary',
  character_set_results: 'utf8mb4',
  character_set_server: 'utf8mb4',
  character_set_system: 'utf8mb3',
  collation_connection: 'utf8mb4_general_ci',
  collation_database: 'utf8mb4_general_ci',
  collation_server: 'utf8mb4_general_ci',
  connect_timeout: '10',
  datadir: '',
  default_storage_engine: 'Encke',
  event_scheduler: 'OFF',
  foreign_key_checks: 'ON',
  have_openssl: 'YES',
  have_ssl: 'YES',
  hostname: 'encke',
  init_connect: '',
  innodb_version: '',
  interactive_timeout: '28800',
  license: 'Apache-2.0',
  lower_case_file_system: 'OFF',
  lower_case_table_names: '0',
  max_allowed_packet: String(maxPacket),
  max_execution_time: '0',
  net_buffer_length: '16384',
  net_read_timeout: '30',
  net_write_timeout: '60',
  performance_schema: 'OFF',
  protocol_version: '10',
  query_cache_size: '0',
  query_cache_type: 'OFF',
  read_only: 'OFF',
  skip_show_database: 'OFF',
  sql_auto_is_null: 'OFF',
  sql_mode: 'STRICT_TRANS_TABLES',
  sql_notes: 'ON',
  sql_quote_show_create: 'ON',
  sql_safe_updates: 'OFF',
  sql_select_limit: '18446744073709551615',
  sql_warnings: 'OFF',
  storage_engine: 'Encke',
  system_time_zone: 'UTC',
  time_zone: 'SYSTEM',
  transaction_isolation: 'READ-COMMITTED',
  transaction_read_only: 'OFF',
  tx_isolation: 'READ-COMMITTED',
  tx_read_only: 'OFF',
  unique_checks: 'ON',
  version: serverVersion,
  version_comment: 'Encke CometQL',
  version_compile_machine: process.arch,
  version_compile_os: process.platform,
  wait_timeout: '28800',
};

/** With `@@` a switch is a number, in SHOW VARIABLES it is a word. */
const switches = new Map([
  ['ON', '1'],
  ['OFF', '0'],
]);

/** Those that depend on the process or on the connection. */
const own = ({ config, state }: Caller): Readonly<Record<string, string>> => ({
  autocommit: state.autocommit ? 'ON' : 'OFF',
  port: String(config.cometqlPort),
});

export const variables = (caller: Caller): readonly (readonly [string, string])[] =>
  Object.entries({ ...fixed, ...own(caller) }).sort(([a], [b]) => (a < b ? -1 : 1));

const scope = /^(session|global|local)\./;
const wordy = new Set(['query_cache_type', 'event_scheduler']);

/** `@@name`. One that this server has never heard of is NULL: a client that asks can do without. */
export function setting(name: string, caller: Caller): string | null {
  const bare = name.replace(scope, '');
  const all = Object.hasOwn(fixed, bare) ? fixed : own(caller);
  const value = Object.hasOwn(all, bare) ? (all[bare] ?? null) : null;
  if (value === null || wordy.has(bare)) return value;
  return switches.get(value) ?? value;
}
