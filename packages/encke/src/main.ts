import { fileURLToPath } from 'node:url';
import { run } from './command-line.ts';

// A closed terminal or pipe is no reason to leave processes behind.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const code = await run(process.argv.slice(2), {
  env: process.env,
  entry: fileURLToPath(import.meta.url),
  say: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
});
if (code !== undefined) process.exit(code);
