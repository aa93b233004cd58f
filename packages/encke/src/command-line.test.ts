import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from './command-line.ts';
import { commands } from './commands/index.ts';

const state = mkdtempSync(join(tmpdir(), 'encke-command-'));
after(() => rmSync(state, { recursive: true }));

async function encke(...argv: string[]) {
  let [out, notes] = ['', ''];
  const code = await run(argv, {
    env: {},
    entry: '',
    say: (text) => {
      out += text;
    },
    note: (text) => {
      notes += text;
    },
  });
  return { code, out, notes };
}

test('--help lists every command that people call', async () => {
  const { code, out } = await encke('--help');
  assert.equal(code, 0);
  for (const command of Object.values(commands))
    assert.equal(out.includes(`encke ${command.usage} `), !command.hidden, command.usage);
});

test('every command explains itself', async () => {
  for (const name of Object.keys(commands)) {
    const { code, out } = await encke(name, '--help');
    assert.equal(code, 0, name);
    assert.ok(out.startsWith(`encke ${name}`), name);
    assert.deepEqual(await encke('help', name), { code, out, notes: '' });
    assert.deepEqual(await encke(name, '-h'), { code, out, notes: '' });
  }
});

test('no command: the overview, as a fault', async () => {
  const { code, out, notes } = await encke();
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.match(notes, /Operator verbs/);
});

test('--version', async () => {
  assert.match((await encke('--version')).out, /^\d+\.\d+\.\d+$/);
});

for (const [argv, complaint] of [
  [['frobnicate'], 'There is no command `frobnicate`'],
  [['constructor'], 'There is no command `constructor`'],
  [['send', '7', 'event'], 'an argument is missing\nUsage: encke send <user> <event> <data>'],
  [['user', '7', '8'], 'too many arguments: `8`\nUsage: encke user <user>'],
  [['user', '7', '--verbose'], "Unknown option '--verbose'"],
  [['up', '--gateways', '0'], '--gateways must be a whole number from 1 to 64'],
  [['up', '--gateways', 'two'], '--gateways must be a whole number from 1 to 64'],
  [['user', '7', '--app', '-1'], "Option '--app' argument is ambiguous"],
  [['user', '7', '--key', 'k', '--url', 'localhost'], '--url must be an http:// or https:// URL'],
] as const)
  test(`encke ${argv.join(' ')}: says what is wrong`, async () => {
    const { code, notes } = await encke(...argv, '--state', state);
    assert.equal(code, 2);
    assert.ok(notes.startsWith(complaint), notes);
  });
