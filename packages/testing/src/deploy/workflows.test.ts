/** Files that only another machine runs: they are at least YAML, and speak of things that are here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const run = promisify(execFile);

interface Job {
  readonly 'runs-on': string;
  readonly 'timeout-minutes': number;
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
  readonly strategy?: { readonly matrix: { readonly node: number[]; readonly redis: string[] } };
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflows = readdirSync(`${root}.github/workflows`).map(
  (file) => [file, parse(read(`.github/workflows/${file}`)) as Workflow] as const,
);
const jobs = workflows.flatMap(([file, { jobs }]) =>
  Object.entries(jobs).map(([name, job]) => [`${file} ${name}`, job] as const),
);

test('every YAML file is one, without a key that stands twice', () => {
  const folders = [
    '.github',
    'deploy/compose',
    'deploy/prometheus',
    'deploy/grafana',
    'deploy/kubernetes',
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true }).map((file) => `${folder}/${file}`),
  );
  const yaml = ['docker-compose.yml', ...files.filter((file) => /\.ya?ml$/.test(file))];
  assert.ok(yaml.length > 10);
  for (const file of yaml)
    for (const { errors } of parseAllDocuments(read(file), { uniqueKeys: true, merge: true }))
      assert.deepEqual(errors, [], file);
});

test('a job has a machine, a limit and steps that use a version or run something', () => {
  assert.ok(jobs.length >= 4);
  for (const [, { permissions }] of workflows) assert.ok(permissions.contents);
  for (const [name, job] of jobs) {
    assert.match(job['runs-on'], /^ubuntu-\d+\.\d+$/, name);
    assert.ok(job['timeout-minutes'] > 0, name);
    for (const { uses, run: script } of job.steps) {
      assert.ok(uses === undefined ? script : script === undefined, name);
      if (uses !== undefined) assert.match(uses, /^[\w-]+\/[\w-]+@v\d+$/, name);
    }
  }
});

test('what a step runs is there: scripts of npm, files of the repository, the shell understands it', async () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const [name, { steps }] of jobs)
    for (const { run: script = '' } of steps) {
      for (const [, word = ''] of script.matchAll(/npm run (?:--\S+ )*(\S+)/g))
        assert.ok(scripts[word], `${name}: there is no script ${word}`);
      for (const [path] of script.matchAll(/\b(?:packages|deploy)\/[\w./-]+/g))
        assert.ok(existsSync(root + path), `${name}: there is no ${path}`);
      await run('bash', ['-n', '-c', script.replace(/\$\{\{.*?\}\}/g, 'x')]);
    }
});

test('tests run on every Node.js and Redis that we promise', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  const { matrix } = jobs.find(([, { strategy }]) => strategy)?.[1].strategy ?? assert.fail();
  assert.equal(Math.min(...matrix.node), Number(/\d+/.exec(engines.node)?.[0]));
  assert.deepEqual(matrix.node, [20, 22, 24]);
  assert.deepEqual(
    matrix.redis.map((image) => image.replace(/^.*\//, '').replace(/[.-].*$/, '')),
    ['redis:7', 'redis:8', 'valkey:8'],
  );
});

test('the list of what is in it names every library', async () => {
  // With --omit=dev npm would leave out also what ships and is a development dependency elsewhere, such as ws.
  const { stdout } = await run('npm', ['sbom', '--sbom-format=cyclonedx'], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { components } = JSON.parse(stdout) as { components: { name: string }[] };
  const listed = new Set(components.map(({ name }) => name));
  for (const folder of readdirSync(`${root}packages`)) {
    const { dependencies = {} } = JSON.parse(read(`packages/${folder}/package.json`));
    for (const name of Object.keys(dependencies))
      if (!name.startsWith('@encke/')) assert.ok(listed.has(name), `${name} is missing`);
  }
});

test('the SDK is packed without its tests', async () => {
  const args = ['pack', '--dry-run', '--ignore-scripts', '--json', '--workspace=@encke/client'];
  const { stdout } = await run('npm', args, { cwd: root });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  assert.ok(paths.includes('package.json') && paths.includes('README.md'));
  for (const path of paths) assert.doesNotMatch(path, /\.(test|fixture)\.|^src\//);
});
