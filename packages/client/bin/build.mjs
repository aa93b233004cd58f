/**
 * Builds what is published beside the declarations of `tsc -b`: the two browser builds and the library. In each the
 * protocol package is included, so the published package depends on nothing.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

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

const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const common = {
  absWorkingDir: root,
  bundle: true,
  conditions: ['source'],
  external: ['ws'],
  legalComments: 'none',
  sourcemap: true,
  banner: { js: `/*! @encke/client ${version} | Apache-2.0 */` },
  plugins: [pureProtocol],
  // Class fields as plain assignments: the standard form costs a helper in older browsers.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false, target: 'es2022' } },
};
const browser = { ...common, minify: true, target: 'es2020', platform: 'browser' };

const outputs = [
  {
    ...browser,
    entryPoints: ['src/script.ts'],
    format: 'iife',
    outfile: 'dist/browser/client.js',
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

for (const output of outputs) {
  await build(output);
  const file = join(root, output.outfile);
  const bytes = await readFile(file);
  const small = gzipSync(bytes, { level: 9 }).length;
  console.log(`${relative(process.cwd(), file)}  ${bytes.length} bytes, ${small} gzipped`);
  if (output.format === 'iife' && small > scriptLimit) {
    console.error(`The script build must stay within ${scriptLimit} bytes gzipped.`);
    process.exitCode = 1;
  }
}
