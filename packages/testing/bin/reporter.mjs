/** For node:test: a line a file as it goes, the failures with their details at the end, and the count as the last line. */
import { relative, resolve } from 'node:path';
import { inspect } from 'node:util';

const keptLines = 200;
const wholeFile = 'the file as a whole';

class FileReport {
  constructor(path) {
    this.path = path;
    this.passed = 0;
    this.failed = 0;
    this.skipped = 0;
    this.milliseconds = 0;
    this.notes = [];
    this.failures = [];
  }

  count(event) {
    const { data, type } = event;
    const isFile = data.name !== undefined && resolve(data.name) === this.path;
    if (data.nesting === 0) this.milliseconds += data.details.duration_ms;
    for (const reason of [data.skip, data.todo])
      if (typeof reason === 'string' && reason !== '') this.notes.push(`${data.name}: ${reason}`);
    if (type === 'test:pass') {
      if (data.details.type === 'suite') return;
      if (data.skip !== undefined && data.skip !== false) this.skipped++;
      else if (isFile) this.fail(wholeFile, 'there is no test in it');
      else this.passed++;
      return;
    }
    const error = data.details.error;
    const failed = error?.failureType !== 'subtestsFailed';
    if (failed) this.fail(isFile ? wholeFile : data.name, explain(error));
    else if (data.details.type !== 'suite') this.failed++;
  }

  fail(name, text) {
    this.failed++;
    this.failures.push({ name, text });
  }

  line() {
    const counts = [`${this.passed} passed`];
    if (this.failed > 0) counts.push(`${this.failed} failed`);
    if (this.skipped > 0) counts.push(`${this.skipped} skipped`);
    const seconds = (this.milliseconds / 1000).toFixed(1);
    const lines = [
      `${this.failed > 0 ? '✖' : '✔'} ${relative('', this.path)}  ${counts.join(', ')}  ${seconds} s`,
      ...this.failures.map(({ name }) => `    ✖ ${name}`),
      ...this.notes.map((note) => `    ${note}`),
    ];
    return `${lines.join('\n')}\n`;
  }
}

function explain(error) {
  const cause = error?.cause ?? error;
  const text = typeof cause?.stack === 'string' ? cause.stack : inspect(cause);
  return text
    .replace(/\n {4}at .*\(?node:internal\/.*/g, '')
    .replace(/\n {4}at new Promise .*/g, '');
}

const indent = (text) => text.replace(/^(?=.)/gm, '    ');

function* details(report, output) {
  for (const { name, text } of report.failures)
    yield `\n✖ ${relative('', report.path)} › ${name}\n\n${indent(text)}\n`;
  const lines = output.trimEnd().split('\n');
  if (lines.join('') === '') return;
  const shown = lines.slice(-keptLines);
  const cut = lines.length - shown.length;
  yield `\n    What the file printed${cut > 0 ? ` (without the first ${cut} lines)` : ''}:\n\n`;
  yield `${indent(shown.join('\n'))}\n`;
}

export default async function* report(source) {
  const reports = [];
  const outputs = new Map();
  let current;
  for await (const event of source) {
    const { type, data } = event;
    if (type === 'test:stdout' || type === 'test:stderr')
      outputs.set(data.file, `${outputs.get(data.file) ?? ''}${data.message}`.slice(-1_000_000));
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const path = data.file ?? resolve(data.name);
    if (current?.path !== path) {
      if (current) yield current.line();
      current = new FileReport(path);
      reports.push(current);
    }
    current.count(event);
  }
  if (current) yield current.line();
  const failing = reports.filter((file) => file.failed > 0);
  if (failing.length > 0) yield '\nFailures:\n';
  for (const file of failing) yield* details(file, outputs.get(file.path) ?? '');
  const sum = (field) => reports.reduce((total, file) => total + file[field], 0);
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
  if (passed + failed === 0) {
    yield '\nNo test was run.\n';
    process.exitCode = 1;
  }
  // A file without a test is a fault that node:test itself does not see.
  if (failed > 0) process.exitCode = 1;
  yield `\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
}
