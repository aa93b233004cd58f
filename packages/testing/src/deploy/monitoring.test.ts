/** What deploy/prometheus and deploy/grafana ask for is what running processes show, and promtool agrees. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { closeCodes } from '@encke/protocol';
import { type Nodes, type RedisServer, startNodes, startRedis } from '@encke/testing';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, 'utf8');
const run = promisify(execFile);

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description?: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const rules = parse(read('deploy/prometheus/alerts.yml')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
) as Rule[];
const dashboard = JSON.parse(read('deploy/grafana/dashboards/encke.json'));
const panels = dashboard.panels as Panel[];
const queries = [
  ...rules.map(({ alert, expr }) => ({ of: alert, expr })),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ of: title, expr }))),
];

let redis: RedisServer;
let nodes: Nodes;
/** Metric → label names, of all kinds of process. */
const exposed = new Map<string, Set<string>>();

before(async () => {
  redis = await startRedis();
  nodes = await startNodes({ redis, gateways: 1, cometql: true, worker: true });
  await nodes.api.call('GET', '/users/1');
  for (const { adminPort } of nodes.all) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
    for (const [, name = '', type] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
      const labels = [...text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm'))];
      const names = labels.flatMap(([, list = '']) => list.match(/\w+(?==)/g) ?? []);
      for (const end of type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
        exposed.set(`${name}${end}`, new Set([...(exposed.get(`${name}${end}`) ?? []), ...names]));
    }
  }
});
after(async () => {
  await nodes?.stop();
  await redis?.stop();
});

/** Words of PromQL, and what Prometheus itself adds. */
const promql =
  /^(sum|count|present_over_time|by|le|rate|increase|histogram_quantile|time|vector|or|and|up|__rate_interval)$/;

test('queries of alerts and of the dashboard name only metrics that a process shows', () => {
  assert.ok(exposed.size > 60, `${exposed.size} metrics`);
  assert.ok(queries.length > 60, `${queries.length} queries`);
  for (const { of, expr } of queries) {
    const bare = expr.replace(/"[^"]*"/g, '').replace(/by \([^)]*\)/g, '');
    const withoutLabels = bare.replace(/\{[^}]*\}/g, '').replace(/\[[^\]]*\]/g, '');
    for (const name of withoutLabels.match(/[a-z_]\w*/g) ?? [])
      assert.ok(promql.test(name) || exposed.has(name), `${of}: nothing shows ${name}`);
    for (const [, name = '', list = ''] of bare.matchAll(/(encke_\w+)\{([^}]*)\}/g))
      for (const label of list.match(/\w+(?==)/g) ?? []) {
        const known = exposed.get(name);
        // A counter with labels shows them with its first event only.
        if (known !== undefined && known.size > 1)
          assert.ok(known.has(label), `${of}: ${name} has no label ${label}`);
      }
  }
});

test('the dashboard calls the reasons of closes by their names', () => {
  const { description = '' } = panels.find(({ title }) => title === 'Closes by reason') ?? {};
  const named = [...description.matchAll(/(\w+):/g)].map(([, name = '']) => name);
  assert.ok(named.length > 0);
  for (const name of named) assert.ok(name in closeCodes, `no close has the reason ${name}`);
});

test('every alert has a runbook in the operations manual, and a test of its own', () => {
  const headings = [...read('docs/operations.md').matchAll(/^### (\w+)$/gm)].map(
    ([, name]) => name,
  );
  const tests = read('deploy/prometheus/alerts.test.yml');
  for (const { alert, annotations } of rules) {
    assert.ok(headings.includes(alert), `${alert} is not explained`);
    assert.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`);
    const fires = new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n`);
    const stays = new RegExp(`alertname: ${alert}\\n +exp_alerts: \\[\\]`);
    assert.match(tests, fires, `no test lets ${alert} fire`);
    assert.match(tests, stays, `no test keeps ${alert} quiet`);
  }
  assert.equal(headings.length, rules.length, 'a runbook is left of an alert that is no more');
});

test('the dashboard: a title, a query and a place for each panel', () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, type, gridPos, targets = [] } of panels) {
    assert.ok(title !== '');
    assert.ok(gridPos.x + gridPos.w <= 24, `${title} is out of the grid`);
    assert.equal(targets.length > 0, type !== 'row', title);
  }
});

const promtool = await run('promtool', ['--version']).then(
  () => true,
  () => false,
);

for (const [what, args] of [
  ['the configuration', ['check', 'config', 'prometheus.yml']],
  ['the rules', ['check', 'rules', 'alerts.yml']],
  ['that every alert fires when it should', ['test', 'rules', 'alerts.test.yml']],
] as const)
  test(`promtool accepts ${what}`, { skip: !promtool && 'there is no promtool' }, async () => {
    await run('promtool', [...args], { cwd: `${root}deploy/prometheus` });
  });

test('the share of failed calls is a number, also without any call', {
  skip: !promtool && 'there is no promtool',
}, async (t) => {
  const panel = panels.find(({ title }) => title === 'Failed calls');
  const expr = panel?.targets?.[0]?.expr.replaceAll('$__rate_interval', '5m');
  const calls = (status: number, values: string) => ({
    ...{ series: `encke_http_requests_total{route="/x",status="${status}"}`, values },
  });
  const answers: [series: object[], value: number][] = [
    [[calls(202, '0+60x10')], 0],
    [[calls(202, '0+60x10'), calls(503, '0+20x10')], 0.25],
    [[calls(202, '60x10'), calls(503, '20x10')], 0],
  ];
  const tests = answers.map(([input_series, value]) => ({
    ...{ interval: '1m', input_series },
    promql_expr_test: [{ expr, eval_time: '10m', exp_samples: [{ labels: '{}', value }] }],
  }));
  const folder = mkdtempSync(join(tmpdir(), 'encke-monitoring-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'failed-calls.json');
  writeFileSync(file, JSON.stringify({ evaluation_interval: '1m', tests }));
  await run('promtool', ['test', 'rules', file]);
});
