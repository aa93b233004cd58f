import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = new URL('..', import.meta.url);
const path = (name: string) => fileURLToPath(new URL(name, root));

before(() => {
  execFileSync(process.execPath, [path('../../node_modules/typescript/bin/tsc'), '-b', path('.')]);
  execFileSync(process.execPath, [path('bin/build.mjs')]);
});

test('the script is at most 8 KB after gzip', () => {
  const size = gzipSync(readFileSync(path('dist/browser/client.js')), { level: 9 }).length;
  assert.ok(size <= 8 * 1024, `${size} bytes`);
});

test('every build has its source map and names no module to load', () => {
  for (const name of ['browser/client.js', 'browser/client.mjs', 'browser/client-tabs.mjs']) {
    const text = readFileSync(path(`dist/${name}`), 'utf8');
    const [, map] = /\/\/# sourceMappingURL=(.+)$/m.exec(text) ?? [];
    assert.equal(map, `${name.replace('browser/', '')}.map`);
    assert.ok(JSON.parse(readFileSync(path(`dist/browser/${map}`), 'utf8')).sources.length > 5);
    assert.doesNotMatch(text, /\bfrom ?"|\brequire\(/);
  }
});

interface OldNames {
  CometServer: { (): object; new (): object };
  cometServerApi: new () => object;
  cometApi: object;
}

test('both browser builds give their one face with and without `new`', async () => {
  // As an element of the page with this id does.
  Object.assign(globalThis, { Encke: {} });
  runInThisContext(readFileSync(path('dist/browser/client.js'), 'utf8'));
  const { CometServer, cometServerApi, cometApi } = globalThis as unknown as OldNames;
  assert.equal(CometServer(), cometApi);
  assert.equal(new CometServer(), cometApi);
  assert.equal(new cometServerApi(), cometApi);
  const module: OldNames = await import(new URL('dist/browser/client.mjs', root).href);
  assert.equal(new module.CometServer(), module.CometServer());
});

test('a second copy of the script leaves the face of the first, which may be connected', () => {
  const page = globalThis as unknown as OldNames;
  const { CometServer, cometApi } = page;
  assert.ok(cometApi);
  runInThisContext(readFileSync(path('dist/browser/client.js'), 'utf8'));
  assert.equal(page.CometServer, CometServer);
  assert.equal(page.cometApi, cometApi);
});

test('the module for browsers passes the tests of its sources', () => {
  const takesClient = /from '\.+\/(client|comet-server)\.ts'/;
  const files = readdirSync(path('src'), { recursive: true })
    .filter((file) => String(file).endsWith('.test.ts') && file !== 'script.test.ts')
    .map((file) => path(`src/${file}`))
    .filter((file) => takesClient.test(readFileSync(file, 'utf8')));
  assert.ok(files.length > 5);
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...['--import', 'tsx', '--import', path('bin/as-built.mjs'), '--conditions=@encke/source'],
      ...['--test', '--test-concurrency=1', ...files],
    ],
    { cwd: path('.'), env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  assert.equal(status, 0, stdout);
});

test('tools that do not read `exports` find the library and its types', () => {
  const { main, types, exports } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  assert.deepEqual([main, types], [exports['.'].default, exports['.'].types]);
});

test('whatever conditions the tools of a site set, the files that they find are published', () => {
  const { exports } = JSON.parse(readFileSync(path('package.json'), 'utf8'));
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: path('.'),
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
  const published = files.map((file) => `./${file.path}`);
  const branches = Object.values<string | Record<string, string>>(exports);
  for (const branch of branches.filter((each) => typeof each === 'object'))
    for (const [condition, file] of Object.entries(branch))
      if (!condition.startsWith('@encke/')) assert.ok(published.includes(file), file);
});

test('publint finds nothing to mend', async () => {
  const { messages, pkg } = await publint({ pkgDir: path('.'), level: 'warning', strict: true });
  assert.deepEqual(
    messages.map((message) => formatMessage(message, pkg ?? {})),
    [],
  );
});

test('the declarations that an app sees need no other package', () => {
  const seen = new Set<string>();
  const follow = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(new URL(file, new URL('dist/', root)), 'utf8');
    for (const [, name = ''] of text.matchAll(/(?:from|import\() ?'([^']+)'/g)) {
      assert.match(name, /^\.\.?\//, `${file} imports ${name}`);
      follow(new URL(name.replace(/\.(ts|js)$/, '.d.ts'), `file:///${file}`).pathname.slice(1));
    }
  };
  follow('index.d.ts');
  assert.ok(seen.size <= readdirSync(path('dist'), { recursive: true }).length);
});
