import { test } from 'node:test';
import { findEngine, noEngine } from './engine.ts';
import { survivesMasterDeath } from './master-death.ts';

const engine = await findEngine();

test(
  'deploy/compose/sentinel.yml: the master dies, and a Sentinel puts a replica in its place',
  {
    skip: engine === undefined && noEngine,
  },
  (t) => survivesMasterDeath(t, engine, 'sentinel', ['redis-2', 'redis-3']),
);
