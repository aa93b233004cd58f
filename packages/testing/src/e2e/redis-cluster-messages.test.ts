import { test } from 'node:test';
import { passesOnCluster, skipOnCluster } from './on-cluster.ts';

const files = [
  'private-message',
  'device-limit',
  'offline-then-online',
  'idempotency',
  'half-open',
  'slow-device',
];

for (const file of files)
  test(`${file}, on a Redis Cluster of three masters`, { skip: skipOnCluster }, () =>
    passesOnCluster(file),
  );
