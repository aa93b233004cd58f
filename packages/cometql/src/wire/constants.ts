/** The numbers of the MySQL protocol that are spoken here. */

/** What a side of the connection can do; both must say so. */
export const capability = {
  longPassword: 1,
  foundRows: 2,
  longFlag: 4,
  connectWithDatabase: 8,
  noSchema: 16,
  odbc: 64,
  ignoreSpace: 256,
  protocol41: 512,
  interactive: 1024,
  tls: 2048,
  ignoreSigpipe: 4096,
  transactions: 8192,
  reserved: 16384,
  secureConnection: 32768,
  multiStatements: 65536,
  multiResults: 131072,
  preparedMultiResults: 262144,
  pluginAuth: 524288,
  connectAttributes: 1048576,
  pluginAuthLength: 2097152,
  expiredPasswords: 4194304,
  deprecateEof: 16777216,
} as const;

export const command = {
  quit: 0x01,
  initDatabase: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processInfo: 0x0a,
  processKill: 0x0c,
  ping: 0x0e,
  changeUser: 0x11,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  setOption: 0x1b,
  fetch: 0x1c,
  resetConnection: 0x1f,
} as const;

export const status = { inTransaction: 1, autocommit: 2, moreResults: 8 } as const;

export const type = {
  decimal: 0x00,
  tiny: 0x01,
  short: 0x02,
  long: 0x03,
  float: 0x04,
  double: 0x05,
  null: 0x06,
  timestamp: 0x07,
  longlong: 0x08,
  int24: 0x09,
  date: 0x0a,
  time: 0x0b,
  datetime: 0x0c,
  year: 0x0d,
  varString: 0xfd,
  blob: 0xfc,
} as const;

/** Of utf8mb4_general_ci, which clients of every age know. All that is sent is UTF-8. */
export const utf8mb4 = 45;

/** Payload bytes of one packet; one that is full is continued in the next. */
export const fullPacket = 0xffffff;
