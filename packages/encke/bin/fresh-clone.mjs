/**
 * What a checkout lacks before anything can run: the dependencies and the build. Plain Node without any dependency, because
 * it works before there are some.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const packages = join(root, 'packages');
const stamp = join(root, '.encke', 'built');

const written = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

export function checkNode() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const least = Number(/\d+/.exec(engines.node)[0]);
  if (Number.parseInt(process.versions.node, 10) >= least) return;
  console.error(`Encke needs Node.js ${least} or newer; this is ${process.versions.node}.`);
  process.exit(2);
}

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) console.error(`${command}: ${error.message}`);
  return status === 0;
}

const lockedPackages = (file) =>
  existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;

/** Whether node_modules holds what the lock file asks for; npm keeps a list of what it has put there. */
function isInstalled() {
  const installed = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  if (installed === undefined) return false;
  return Object.entries(lockedPackages(join(root, 'package-lock.json'))).every(([path, locked]) => {
    if (!path.startsWith('node_modules/')) return true;
    const there = installed[path];
    // Optional ones are missing when they are for another operating system.
    return there === undefined ? locked.optional === true : there.version === locked.version;
  });
}

/** `npm ci`, when node_modules is missing or out of date. Ends the process when it fails. */
export function installDependencies() {
  if (isInstalled()) return;
  console.log('Installing dependencies (npm ci) …');
  // Development dependencies too: the compiler is one.
  const args = ['ci', '--include=dev', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const done = npm?.endsWith('.js')
    ? run(process.execPath, [npm, ...args])
    : run('npm', args, { shell: process.platform === 'win32' });
  if (!done) process.exit(1);
}

/** Files that the build reads: everything of a package but its output and its tests. */
function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (['dist', 'node_modules', 'demo', 'testing'].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.(ts|mjs|json)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name)) yield path;
  }
}

const outputs = ['encke/dist/main.js', 'client/dist/browser/client.js'];

export function isBuilt() {
  const built = written(stamp);
  if (built === 0 || outputs.some((file) => !existsSync(join(packages, file)))) return false;
  for (const file of sources(packages)) if (written(file) > built) return false;
  return true;
}

/** The compiler trusts its build info even when the output is gone. */
function outputIsMissing(folders) {
  return readdirSync(packages).some(
    (name) =>
      // Nothing that ships hangs on it.
      (name !== 'testing' || folders.includes('packages/testing')) &&
      existsSync(join(packages, name, 'tsconfig.tsbuildinfo')) &&
      !existsSync(join(packages, name, 'dist')),
  );
}

/** Compiles packages and all they hang on; gives whether that went well. What the compiler says goes to standard error. */
export function compile(...folders) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const force = outputIsMissing(folders) ? ['--force'] : [];
  return run(process.execPath, [tsc, '-b', ...force, ...folders], { stdio: ['inherit', 2, 2] });
}

/** The packages that all the others which ship hang on; `npm run check` compiles the rest too. */
const shipped = ['packages/encke', 'packages/client'];

/** Compiles every package that ships and makes the browser builds of the SDK; gives whether that went well. */
export function build() {
  // Of what happens while it runs, the next build shall take notice.
  const from = new Date();
  if (!compile(...shipped)) return false;
  if (!run(process.execPath, [join(packages, 'client', 'bin', 'build.mjs')])) return false;
  mkdirSync(join(root, '.encke'), { recursive: true, mode: 0o700 });
  writeFileSync(stamp, `${from.toISOString()}\n`);
  return true;
}
