/** The errors of the wire itself, with MySQL's numbers. Those of statements are the language's. */
import { SqlFault } from '../outcome.ts';

const connection = '08S01';

export const badHandshake = new SqlFault(1043, 'Bad handshake', connection);
export const noCompression = new SqlFault(
  1043,
  'Bad handshake: compression is not supported, turn it off',
  connection,
);
export const outOfOrder = new SqlFault(1156, 'Got packets out of order', connection);
export const malformed = new SqlFault(1835, 'Malformed communication packet', connection);
export const tooManyConnections = new SqlFault(1040, 'Too many connections', '08004');
export const unknownCommand = new SqlFault(1047, 'Unknown command', connection);
export const tooLarge = new SqlFault(
  1153,
  "Got a packet bigger than 'max_allowed_packet' bytes",
  connection,
);
export const answerTooLarge = new SqlFault(
  1104,
  'The answer would be larger than 64 MiB: ask for less, with LIMIT',
  '42000',
);
export const tooManyAtOnce = new SqlFault(
  1235,
  'More than 65536 statements in one packet are not supported: none was carried out',
  '42000',
);
export const unknownStatement = new SqlFault(1243, 'Unknown prepared statement handler');
export const tooManyStatements = new SqlFault(
  1461,
  'This connection holds too many prepared statements, or too long ones: close some',
  '42000',
);
export const wrongArguments = new SqlFault(1210, 'Incorrect arguments to EXECUTE');
export const noCursor = new SqlFault(1421, 'The statement has no open cursor');
export const notSupported = new SqlFault(1235, 'KILL is not supported', '42000');
export const notText = new SqlFault(
  1300,
  'The statement is not text in the character set of the connection: send UTF-8',
);
export const inactive = new SqlFault(
  4031,
  'The client was disconnected by the server because of inactivity',
);
export const ownFault = new SqlFault(1105, 'A fault of this server; its log has details');

/** One text for a wrong user and a wrong password: which it was is nobody's business. */
export const accessDenied = (withPassword: boolean): SqlFault =>
  new SqlFault(
    1045,
    'Access denied: the user is the number of an app (or root), the password is the API key' +
      ` (using password: ${withPassword ? 'YES' : 'NO'})`,
    '28000',
  );
