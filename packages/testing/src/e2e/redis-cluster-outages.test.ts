import { testOnCluster } from './on-cluster.ts';

testOnCluster(['bus-lost', 'redis-paused', 'redis-restart']);
