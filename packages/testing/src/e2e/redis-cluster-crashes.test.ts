import { test } from 'node:test';
import { passesOnCluster, skipOnCluster } from './on-cluster.ts';

const files = ['gateway-crash', 'drain', 'fuzz'];

for (const file of files)
  test(`${file}, on a Redis Cluster of three masters`, { skip: skipOnCluster }, () =>
    passesOnCluster(file),
  );
