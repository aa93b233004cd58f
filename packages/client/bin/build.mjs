/**
 * Builds what is published beside the declarations of `tsc -b`: the two browser builds and the library. In each the
 * protocol package is included, so the published package depends on nothing.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { minify } from 'terser';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Bytes after gzip; a page waits for the script before it can connect. */
const scriptLimit = 8 * 1024;

/** The protocol's modules only declare: unused ones (the old wire, the parsers of frames) fall away. */
const pureProtocol = {
  name: 'pure-protocol',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@encke\/protocol$|^\.\// }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === 'resolved') return undefined;
      const result = await resolve(path, { ...rest, pluginData: 'resolved' });
      if (result.path.includes(`${sep}protocol${sep}src${sep}`)) result.sideEffects = false;
      return result;
    });
  },
};

/** Takes another file where `importer` asks for this one. */
const instead = (importer, filter, path) => ({
  name: `instead-of-${filter.source}`,
  setup({ onResolve }) {
    onResolve({ filter }, (asked) =>
      asked.importer.endsWith(`${sep}${importer}`) ? { path: join(root, 'src', path) } : undefined,
    );
  },
});
/** In the script, what tabs need to share a socket is loaded from a file of its own. */
const lazyTabs = instead('client.ts', /\/shared-link\.ts$/, join('tabs', 'lazy-link.ts'));
/** Browsers have their own, and Node.js loads none of these builds. */
const pageSocket = instead('uplink.ts', /\/web-socket\.ts$/, 'page-web-socket.ts');

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const common = {
  absWorkingDir: root,
  bundle: true,
  conditions: ['@encke/source'],
  external: ['ws'],
  legalComments: 'none',
  sourcemap: true,
  banner: { js: `/*! @encke/client ${version} | Apache-2.0 */` },
  plugins: [pureProtocol],
  // Class fields as plain assignments: the standard form costs a helper in older browsers.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, target: 'es2022' } },
};
const browser = {
  ...common,
  target: 'es2021',
  platform: 'browser',
  plugins: [pageSocket, pureProtocol],
};

const outputs = [
  {
    ...browser,
    entryPoints: ['src/script.ts'],
    format: 'iife',
    outfile: 'dist/browser/client.js',
    plugins: [lazyTabs, ...browser.plugins],
  },
  {
    ...browser,
    entryPoints: ['src/tabs/shared-link.ts'],
    format: 'esm',
    outfile: 'dist/browser/client-tabs.mjs',
  },
  { ...browser, entryPoints: ['src/index.ts'], format: 'esm', outfile: 'dist/browser/client.mjs' },
  {
    ...common,
    entryPoints: ['src/index.ts'],
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    outfile: 'dist/lib/client.js',
  },
];

/** Private members of our classes, but for names that stand anywhere else too: in a type, or after another object than `this`. */
async function privateNames() {
  const own = new Set();
  const others = new Set();
  for (const folder of [join(root, 'src'), join(root, '..', 'protocol', 'src')])
    for (const file of await readdir(folder, { recursive: true })) {
      if (!/(?<!\.test|\.fixture)\.ts$/.test(file)) continue;
      const text = await readFile(join(folder, file), 'utf8');
      const members = /^ +(private )?(?:readonly |async |get )*(\w+)(?:\??[:(<;]| =)/gm;
      for (const [, secret, name] of text.matchAll(members)) (secret ? own : others).add(name);
      // Also in a type on one line: tabs with another build read the same letters.
      for (const [, ...names] of text.matchAll(/(?<!\bthis)\??\.(\w+)|[{;] readonly (\w+)/g))
        for (const name of names) others.add(name);
    }
  return [...own].filter((name) => !others.has(name));
}
const names = await privateNames();

/** Terser makes it a tenth smaller than esbuild does. */
async function shrink(file, module) {
  const map = `${file}.map`;
  const { code, map: newMap } = await minify(await readFile(file, 'utf8'), {
    ecma: 2021,
    module,
    toplevel: true,
    compress: {
      passes: 10,
      unsafe: true,
      keep_fargs: false,
      inline: 1,
      hoist_funs: true,
      pure_getters: true,
      lhs_constants: false,
    },
    mangle: { properties: { regex: new RegExp(`^(${names.join('|')})$`), builtins: true } },
    format: { comments: /^!/ },
    sourceMap: { content: await readFile(map, 'utf8'), url: basename(map) },
  });
  await Promise.all([writeFile(file, code), writeFile(map, newMap)]);
}

for (const output of outputs) {
  await build(output);
  const file = join(root, output.outfile);
  if (output.platform === 'browser') await shrink(file, output.format === 'esm');
  const bytes = await readFile(file);
  const small = gzipSync(bytes, { level: 9 }).length;
  console.log(`${relative(process.cwd(), file)}  ${bytes.length} bytes, ${small} gzipped`);
  if (output.format === 'iife' && small > scriptLimit) {
    console.error(`The script build must stay within ${scriptLimit} bytes gzipped.`);
    process.exitCode = 1;
  }
}
