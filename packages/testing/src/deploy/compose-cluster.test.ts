import { test } from 'node:test';
import { findEngine, noEngine } from './engine.ts';
import { survivesMasterDeath } from './master-death.ts';

const engine = await findEngine();

test(
  'deploy/compose/cluster.yml: the master dies, and its replica takes over its users',
  {
    skip: engine === undefined && noEngine,
  },
  (t) => survivesMasterDeath(t, engine, 'cluster', ['redis-5']),
);
