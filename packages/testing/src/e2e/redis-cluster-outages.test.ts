import { test } from 'node:test';
import { passesOnCluster, skipOnCluster } from './on-cluster.ts';

const files = ['bus-lost', 'redis-paused', 'redis-restart'];

for (const file of files)
  test(`${file}, on a Redis Cluster of three masters`, { skip: skipOnCluster }, () =>
    passesOnCluster(file),
  );
