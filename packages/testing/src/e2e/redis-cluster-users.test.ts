import { test } from 'node:test';
import { passesOnCluster, skipOnCluster } from './on-cluster.ts';

for (const file of ['presence', 'rules-tokens'])
  test(`${file}, on a Redis Cluster of three masters`, { skip: skipOnCluster }, () =>
    passesOnCluster(file),
  );
