import { test } from 'node:test';
import { passesOnCluster, skipOnCluster } from './on-cluster.ts';

for (const file of ['rules-channels', 'rules-legacy-commands', 'channel-outages'])
  test(`${file}, on a Redis Cluster of three masters`, { skip: skipOnCluster }, () =>
    passesOnCluster(file),
  );
