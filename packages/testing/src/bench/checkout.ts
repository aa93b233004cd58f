/** Another checkout to measure against. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `${stdout}${stderr}`}`);
}

/** The installed dependencies, but the packages of the checkout itself. */
function linkDependencies(root: string, folder: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@encke'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@encke') symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  for (const name of readdirSync(join(folder, 'packages'))) {
    // Relative, for the folder is renamed when it is ready.
    symlinkSync(join('..', '..', 'packages', name), join(modules, '@encke', name));
  }
}

/** A revision, laid out and built once below `.encke/`. With the dependencies that are installed here. */
function builtRevision(root: string, revision: string): string {
  const commit = run(
    'git',
    ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`],
    root,
  );
  const folder = join(root, '.encke', 'checkouts', commit);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  run('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', commit, draft], root);
  linkDependencies(root, draft);
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'], draft);
  renameSync(draft, folder);
  return folder;
}

/** @returns the root of a built checkout. @throws when there is no such folder or revision, or it cannot be built. */
export function otherCheckout(root: string, name: string): string {
  const folder = resolve(name);
  if (!existsSync(join(folder, 'packages', 'encke'))) return builtRevision(root, name);
  if (existsSync(join(folder, 'packages', 'encke', 'dist', 'main.js'))) return folder;
  throw new Error(`${folder} is not built: run \`npm run build\` there`);
}
