/**
 * `npm test [part of a file's name …]`: installs what a fresh clone and the machine lack, builds, then runs the tests of every
 * package.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import {
  build,
  checkNode,
  compile,
  installDependencies,
  root,
} from '../../encke/bin/fresh-clone.mjs';

/**
 * Milliseconds one test, and one file, may take: against what hangs. The fuzz test takes as long as it is told to, and then
 * some to settle.
 */
const fuzz = Number(process.env.ENCKE_FUZZ_SECONDS ?? 0) * 1000;
const timeout = 10 * 60_000 + fuzz;
const path = process.env.PATH ?? '';

function testFiles(filters) {
  const files = [];
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const src = join(root, 'packages', name, 'src');
    if (!existsSync(src)) continue;
    for (const file of readdirSync(src, { recursive: true }).sort())
      if (file.endsWith('.test.ts')) files.push(relative(root, join(src, file)));
  }
  if (filters.length === 0) return files;
  return files.filter((file) => filters.some((filter) => file.includes(filter)));
}

const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const hasBrowser = () =>
  path.split(delimiter).some((folder) => browsers.some((name) => existsSync(join(folder, name))));

/** A Redis is needed; a browser only for some tests, which say so when they are skipped. */
async function obtainPrograms() {
  const { tsImport } = await import('tsx/esm/api');
  const encke = await tsImport('../../encke/src/index.ts', import.meta.url);
  const say = (text) => console.log(text);
  try {
    const redis = await encke.obtainRedis(path, say);
    console.log(`Redis: ${redis.version}`);
  } catch (error) {
    if (!(error instanceof encke.Failure)) throw error;
    console.error(error.message);
    process.exit(error.exitCode);
  }
  if (!hasBrowser() && encke.packageManager(path) === 'apt')
    await encke.installPackage('apt', 'chromium', say).catch((error) => say(error.message));
  if (!hasBrowser())
    say('There is no Chromium on this machine: the tests in a browser are skipped.');
}

function runTests(files) {
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--conditions=@encke/source', '--test', '--test-concurrency=2'],
      `--test-timeout=${timeout}`,
      `--test-reporter=${new URL('./reporter.mjs', import.meta.url)}`,
      '--test-reporter-destination=stdout',
      ...files,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ENCKE_TEST_COMPILED: '1' },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
}

checkNode();
installDependencies();
await obtainPrograms();
// The processes that tests start run as they ship; the tests themselves run from source.
if (!build() || !compile('packages/testing')) process.exit(1);
const files = testFiles(process.argv.slice(2));
if (files.length === 0) {
  console.log('No test file has such a name.\n\n0 passed, 0 failed');
  process.exit(1);
}
console.log(`${files.length} test ${files.length === 1 ? 'file' : 'files'}\n`);
runTests(files);
