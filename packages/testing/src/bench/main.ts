/** `npm run bench`: measures the built processes of this checkout, alone or in turn with those of another one. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attach } from './attach.ts';
import { type Bench, run } from './bench.ts';
import { channels } from './channels.ts';
import { otherCheckout } from './checkout.ts';
import { cometql } from './cometql.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { privateMessages } from './private-messages.ts';
import { profileTable, type Span } from './profile.ts';
import { jsonLines, table } from './report.ts';
import type { Subject } from './stage.ts';

const benches = [memory, attach, privateMessages, channels, cometql, latency];
const root = fileURLToPath(new URL('../../../../', import.meta.url));

const help = `npm run bench [-- name …] [options]        names: ${benches.map(({ name }) => name).join(', ')}; none: all
  --json             a JSON line per result instead of tables
  --vs REV|FOLDER    in turn with another checkout: a git revision, or a folder that is built; prints the ratio
  --vs plain         in turn with the same design, built plainly with the same libraries
  --case TEXT        only cases whose name contains it
  --rounds N         instead of what each case has
  --prof             CPU profiles of gateway and ingest to .encke/profiles, and where their time goes`;

const options = {
  json: { type: 'boolean', default: false },
  vs: { type: 'string' },
  case: { type: 'string', default: '' },
  rounds: { type: 'string' },
  prof: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Everything temporary lies in one folder, which goes when this process does, however that comes about. */
function useScratchFolder(): void {
  const folder = mkdtempSync(join(tmpdir(), 'encke-bench-'));
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
}

function chosen(names: readonly string[]): Bench[] {
  const strange = names.find((name) => !benches.some((bench) => bench.name === name));
  if (strange !== undefined) throw new Error(`no benchmark is called ${strange}\n${help}`);
  return names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name));
}

const mainOf = (folder: string): string => join(folder, 'packages', 'encke', 'bin', 'encke.mjs');

const checkout = (name: string): Subject => ({
  name,
  main: mainOf(otherCheckout(root, name)),
  profiles: undefined,
});

/** It has private messages for devices of `encke.v1`, and nothing else. */
function plain(wanted: readonly Bench[]): Subject {
  const strange = wanted.find((bench) => [channels, cometql].includes(bench));
  if (strange) throw new Error(`the plain build has no ${strange.name}: name other benchmarks`);
  const main = fileURLToPath(new URL('plain/plain-main.js', import.meta.url));
  return { name: 'plain', main, lacks: 'legacy', profiles: undefined };
}

/** One line that is written over, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, 100)}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help) return console.log(help);
  const wanted = chosen(positionals);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) {
    throw new Error('--rounds must be a whole number from 1');
  }
  useScratchFolder();
  const profiles = values.prof ? join(root, '.encke', 'profiles') : undefined;
  if (profiles !== undefined) {
    rmSync(profiles, { recursive: true, force: true });
    mkdirSync(profiles, { recursive: true });
  }
  const subjects: Subject[] = [{ name: 'this', main: mainOf(root), profiles }];
  if (values.vs !== undefined) {
    subjects.push(values.vs === 'plain' ? plain(wanted) : checkout(values.vs));
  }
  const spans: Span[] = [];
  for (const bench of wanted) {
    const results = await run(bench, { subjects, rounds, only: values.case, spans, progress });
    progress('');
    if (results.length > 0) console.log(values.json ? jsonLines(results) : table(bench, results));
  }
  if (profiles !== undefined && !values.json) console.log(profileTable(profiles, spans));
}

try {
  await main();
  process.exit(0);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
