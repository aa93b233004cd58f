import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';
import { createPlainStream } from './plain-stream.ts';

function captured() {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) };
  return { lines, stream, log: createLog('gateway', 'info', stream) };
}

test('one JSON object a line, with time, level, process', () => {
  const { lines, log } = captured();
  log.info({ user: 7 }, 'attached');
  log.debug('too quiet');
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert.deepEqual(rest, { level: 'info', process: 'gateway', user: 7, msg: 'attached' });
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('secrets and bodies do not get into the log, however they come', () => {
  const { lines, log } = captured();
  const secret = 'do-not-log-me';
  log.warn({ key: secret, hash: secret, token: secret, authorization: secret, data: secret }, 'x');
  log.warn({ hello: { key: secret, data: { text: secret } } }, 'x');
  log.warn({ req: { headers: { authorization: secret } } }, 'x');
  const error = Object.assign(new Error('ERR script'), {
    command: { name: 'evalsha', args: ['1', secret] },
  });
  log.warn(error, 'x');
  log.warn({ err: error }, 'x');
  // What a Cluster's client says when no node takes its password.
  log.warn({ err: Object.assign(new Error('no node'), { lastNodeError: error }) }, 'x');
  assert.equal(lines.length, 6);
  assert.doesNotMatch(lines.join(''), /do-not-log-me/);
  assert.match(lines[4] ?? '', /ERR script/);
});

test('plain lines for a person', () => {
  let text = '';
  const out = { write: (line: string) => (text += line) };
  const log = createLog('worker', 'info', createPlainStream(out));
  log.warn({ swept: 3, node: 'abc' }, 'a node is dead');
  assert.match(text, /^\d\d:\d\d:\d\d worker warn: a node is dead {2}swept=3 {2}node="abc"\n$/);
  text = '';
  log.error({ err: new Error('boom') }, 'no');
  assert.match(text, /worker error: no\nError: boom\n {4}at /);
});
