/** mulberry32: small, and the same on every machine. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What statements are made of, and what they are not. */
const words = (
  'SELECT FROM WHERE INSERT INTO VALUES REPLACE DELETE SHOW DESCRIBE SET USE KILL ORDER BY LIMIT OFFSET AND OR NOT IN IS ' +
  'DISTINCT GROUP HAVING CASE WHEN THEN ELSE END BINARY BEGIN COMMIT ROLLBACK autocommit NULL LIKE BETWEEN AS ON DUPLICATE KEY UPDATE DEFAULT COUNT NOW CAST COLUMNS TABLES STATUS FULL GLOBAL users_auth ' +
  'users_messages pipes pipes_settings information_schema TABLES mysql id hash name event message length x 1 0 -1 1.5e3 ' +
  "0xff X'41' 'text' \"text\" `name` @@version @a ? ( ) ( ) , , . . ; * = = <> <=> < >= + - / % := || && ' \" ` \\ /* */ /*! -- # " +
  '\n \0 😀 _utf8mb4 N'
).split(' ');

const statements = [
  "INSERT INTO users_messages (id, event, message) VALUES (1, 'e', 'it''s \\'quoted\\''), (2, \"\", ?)",
  "REPLACE INTO `users_auth` VALUES (1, X'41') ON DUPLICATE KEY UPDATE hash = VALUES(hash)",
  'SELECT *, COUNT(*) AS n FROM pipes_messages WHERE name IN (\'abc\', "def") ORDER BY name DESC LIMIT 1, 2',
  'DELETE FROM users_auth WHERE id = 1 OR id = -2 LIMIT 5',
  "SHOW FULL COLUMNS FROM users_auth FROM CometQL_v1 LIKE 'h%'",
  "SELECT @@session.autocommit AS a, IFNULL(NULL, 1 + 2 * 3), 'a' LIKE 'b' AND NOT 1 BETWEEN 2 AND 3",
  "SELECT t.A, COUNT(DISTINCT b) x FROM information_schema.TABLES t JOIN mysql.user USING (id) WHERE c REGEXP 'd'",
  "SELECT DISTINCT t.*, CASE a WHEN 'b' THEN 1 ELSE 2 END n FROM (SELECT id AS a FROM users_auth WHERE id = 1) t GROUP BY 1 HAVING n > 0",
  "SET autocommit = 0, NAMES 'gbk', @a := CONCAT('x', 1)",
  '/*!40101 SET NAMES utf8mb4 */ -- done',
];

export function soup(next: (below: number) => number): string {
  const parts = Array.from({ length: 1 + next(40) }, () => words[next(words.length)]);
  return parts.join(next(4) === 0 ? '' : ' ');
}

/** A statement that made sense before. */
export function mutant(next: (below: number) => number): string {
  let text = statements[next(statements.length)] as string;
  for (let i = 1 + next(4); i > 0; i--) {
    const [at, length] = [next(text.length + 1), next(8)];
    const other = statements[next(statements.length)] as string;
    const from = next(other.length);
    const pieces = [
      '',
      words[next(words.length)],
      text.slice(at, at + length).repeat(2),
      other.slice(from, from + 12),
    ];
    text = text.slice(0, at) + pieces[next(4)] + text.slice(at + length);
  }
  return text;
}

/** The last is another each time; a failed test names it. */
export const seeds = [
  1,
  2,
  Number(process.env.ENCKE_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 32)),
];
