import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from './metrics.ts';

test('plain numbers are read when the metrics are asked for', async () => {
  const metrics = createMetrics('gateway');
  const stats = { told: 0, sessions: 0, attaches: { ok: 0, refused: 0 } };
  metrics.read('counter', 'encke_told_total', 'Told', () => stats.told);
  metrics.read('gauge', 'encke_sessions', 'Sessions', () => stats.sessions);
  metrics.readEach('counter', 'encke_attaches_total', 'Attaches', 'outcome', () => stats.attaches);
  const series = async () =>
    (await metrics.text()).split('\n').filter((line) => /^encke_(told|sess|att)/.test(line));
  assert.deepEqual(await series(), [
    'encke_told_total{process="gateway"} 0',
    'encke_sessions{process="gateway"} 0',
    'encke_attaches_total{outcome="ok",process="gateway"} 0',
    'encke_attaches_total{outcome="refused",process="gateway"} 0',
  ]);
  stats.told = 5;
  stats.sessions = 2;
  stats.attaches.ok = 3;
  await series();
  stats.told = 7;
  stats.sessions = 1;
  assert.deepEqual(await series(), [
    'encke_told_total{process="gateway"} 7',
    'encke_sessions{process="gateway"} 1',
    'encke_attaches_total{outcome="ok",process="gateway"} 3',
    'encke_attaches_total{outcome="refused",process="gateway"} 0',
  ]);
});

test('counters, gauges and histograms with labels', async () => {
  const metrics = createMetrics('ingest');
  metrics.counter('encke_a_total', 'A', ['route']).inc({ route: 'auth' }, 2);
  metrics.gauge('encke_b', 'B').set(4);
  metrics.histogram('encke_c_seconds', 'C', [0.1, 1]).observe(0.5);
  const text = await metrics.text();
  assert.match(text, /encke_a_total\{route="auth",process="ingest"\} 2/);
  assert.match(text, /encke_b\{process="ingest"\} 4/);
  assert.match(text, /encke_c_seconds_bucket\{le="0.1",process="ingest"\} 0/);
  assert.match(text, /encke_c_seconds_bucket\{le="1",process="ingest"\} 1/);
});

test('every name starts with encke_, the event-loop delay is among them', async () => {
  const text = await createMetrics('worker').text();
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '');
  assert.deepEqual(
    names.filter((name) => !name.startsWith('encke_')),
    [],
  );
  assert.ok(names.includes('encke_nodejs_eventloop_lag_p99_seconds'));
});
