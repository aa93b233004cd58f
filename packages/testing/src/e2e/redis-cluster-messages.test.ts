import { testOnCluster } from './on-cluster.ts';

testOnCluster([
  'private-message',
  'device-limit',
  'offline-then-online',
  'idempotency',
  'half-open',
  'slow-device',
]);
