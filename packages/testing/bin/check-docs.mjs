/**
 * `npm run check:docs`: what the documents say about the code is true as far as a program can see it. Links and paths, the
 * rules of PROTOCOL.md and their tests, close codes, Redis keys, settings, metrics. Reads files only.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const protocol = 'packages/protocol/PROTOCOL.md';
const architecture = 'docs/ARCHITECTURE.md';
const operations = 'docs/operations.md';
const longest = 200;

const faults = [];
const fault = (file, text) => faults.push(`${file}: ${text}`);
const read = (file) => readFileSync(join(root, file), 'utf8');
const all = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? match[0]);

/** Files below `folder` whose names end so, with their paths from the root. */
function filesIn(folder, ...ends) {
  const files = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (['node_modules', 'dist', '.git', '.encke'].includes(entry.name)) continue;
    if (entry.isDirectory()) files.push(...filesIn(path, ...ends));
    else if (ends.some((end) => entry.name.endsWith(end))) files.push(path);
  }
  return files;
}

const documents = filesIn('.', '.md');
const sources = filesIn('packages', '.ts', '.lua', '.mjs', '.js').filter(
  (file) => !file.endsWith('check-docs.mjs'),
);
const isTest = (file) => file.endsWith('.test.ts');
/** Files that a test may put names into which mean nothing. */
const isForTests = (file) => /\.(test|fixture)\.ts$/.test(file) || file.includes('/testing/');

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '');

/** The anchors that a reader of the document can jump to. */
const anchors = (text) =>
  all(withoutCode(text), /^#+ +(.+)$/gm).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

function checkLinks(file) {
  const text = withoutCode(read(file));
  const prose = text.replace(/`[^`]*`/g, '');
  for (const link of all(prose, /\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(link)) continue;
    const [path, anchor] = link.split('#');
    const target = path === '' ? join(root, file) : resolve(root, dirname(file), path);
    if (!existsSync(target)) fault(file, `links to ${link}, which is not there`);
    else if (anchor && !anchors(readFileSync(target, 'utf8')).includes(anchor))
      fault(file, `links to ${link}, where there is no such heading`);
  }
  for (const path of all(text, /`((?:packages|docs|deploy|k6)\/[\w./*-]+)`/g))
    if (!path.includes('*') && !existsSync(join(root, path)))
      fault(file, `names ${path}, which is not there`);
}

const ruleId = /\[([A-Z]\d+)\]/g;

function checkRules() {
  const defined = all(read(protocol), /^\*\*\[([A-Z]\d+)\]/gm);
  for (const id of new Set(defined.filter((id, i) => defined.indexOf(id) !== i)))
    fault(protocol, `defines [${id}] twice`);
  const tested = new Set();
  for (const file of [...sources, ...documents])
    for (const id of new Set(all(read(file), ruleId))) {
      if (isTest(file)) tested.add(id);
      if (!defined.includes(id)) fault(file, `cites [${id}], which ${protocol} does not have`);
    }
  for (const id of defined) if (!tested.has(id)) fault(protocol, `no test names [${id}]`);
  return defined.length;
}

/** The table of close codes says what the declaration says. */
function checkCloseCodes() {
  const file = 'packages/protocol/src/close-codes.ts';
  const declared = [...read(file).matchAll(/^ {2}(\w+): \{\s*code: (\d+),\s*reconnect: (\w+)/gm)];
  const rows = [...read(protocol).matchAll(/^\| (\d{4}) \| (\w+) \| (yes|no)\b/gm)];
  const lines = (list) => list.sort().join('\n');
  const code = lines(declared.map(([, name, n, back]) => `${n} ${name} ${back === 'true'}`));
  const table = lines(rows.map(([, n, name, back]) => `${n} ${name} ${back === 'yes'}`));
  if (code !== table || declared.length === 0)
    fault(protocol, `the close codes are not those of ${file}:\n${code}\n  the table:\n${table}`);
}

function checkArchitecture() {
  const text = read(architecture);
  const lines = text.trimEnd().split('\n').length;
  if (lines > longest) fault(architecture, `has ${lines} lines, more than ${longest}`);
  const file = 'packages/cluster/src/keys.ts';
  const keys = all(read(file), /`\$\{(?:tag|prefix|this\.#tag\(partition\))\}:?\{?([a-z]+)/g);
  if (keys.length === 0) fault(file, 'no keys found: check-docs.mjs needs a look');
  for (const key of new Set(keys))
    if (!new RegExp(`^\\| \`(\\{p\\}:)?\\{?${key}\\b`, 'm').test(text))
      fault(architecture, `the table of keys lacks ${key} of ${file}`);
}

const variableName = /\bENCKE_[A-Z_]*[A-Z]\b/g;

function checkSettings() {
  const known = new Set(all(read('packages/service/src/config.ts'), /^ {2}(ENCKE_[A-Z_]+): /gm));
  const ofTests = new Set(
    sources.filter(isForTests).flatMap((file) => all(read(file), variableName)),
  );
  const table = new Set(
    all(read(operations), /^\| (`ENCKE_.*?) \|/gm).flatMap((cell) => all(cell, variableName)),
  );
  for (const name of known) if (!table.has(name)) fault(operations, `does not explain ${name}`);
  for (const name of table) if (!known.has(name)) fault(operations, `${name} is no setting`);
  for (const file of documents)
    for (const name of new Set(all(read(file), variableName)))
      if (!known.has(name) && !ofTests.has(name)) fault(file, `names ${name}, which nothing reads`);
  return known.size;
}

/** Those of Node itself, as the library names them. */
function nodeMetrics() {
  const service = createRequire(join(root, 'packages/service/package.json'));
  const { collectDefaultMetrics, Registry } = service('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'encke_' });
  return registry.getMetricsAsArray().map(({ name }) => name);
}

function checkMetrics() {
  const counted = new Set(nodeMetrics());
  const ours = new Set();
  for (const file of sources.filter((file) => file.endsWith('.ts') && !isForTests(file))) {
    for (const name of all(read(file), /'(encke_[a-z0-9_]*[a-z0-9])'/g)) ours.add(name);
  }
  for (const name of ours) counted.add(name);
  for (const file of documents)
    for (const name of new Set(all(read(file), /\bencke_[a-z0-9_]*[a-z0-9]\b/g)))
      if (!counted.has(name)) fault(file, `names the metric ${name}, which nothing counts`);
  const explained = all(read(operations), /^\| `(encke_\w+)` \|/gm);
  for (const name of ours)
    if (!explained.includes(name)) fault(operations, `does not explain ${name}`);
  return ours.size;
}

for (const file of documents) checkLinks(file);
const rules = checkRules();
checkCloseCodes();
checkArchitecture();
const settings = checkSettings();
const metrics = checkMetrics();

if (faults.length > 0) {
  console.error(faults.map((text) => `✖ ${text}`).join('\n'));
  console.error(`\n${faults.length} faults in the documents`);
  process.exit(1);
}
console.log(
  `Documents: ${documents.length} files, ${rules} rules with a test each, ${settings} settings, ${metrics} metrics.`,
);
