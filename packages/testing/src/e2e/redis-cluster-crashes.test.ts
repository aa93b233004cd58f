import { testOnCluster } from './on-cluster.ts';

testOnCluster(['gateway-crash', 'drain', 'fuzz']);
