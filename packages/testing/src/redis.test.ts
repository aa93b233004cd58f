import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import { startRedis } from './redis.ts';
import { startRedisCluster } from './redis-cluster.ts';

test('a private Redis pauses, resumes, dies and comes back empty on its port', async () => {
  const redis = await startRedis();
  try {
    await redis.cli('SET', 'a', '1');
    redis.pause();
    let answered = false;
    const get = redis.cli('GET', 'a').then((value) => {
      answered = true;
      return value;
    });
    const socket = connect(redis.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.destroy();
    assert.equal(answered, false);
    redis.resume();
    assert.equal(await get, '1');
    await redis.kill();
    await assert.rejects(redis.cli('PING'));
    await redis.restartEmpty();
    assert.equal(await redis.cli('GET', 'a'), null);
  } finally {
    await redis.stop();
  }
});

test('three masters form a cluster, again after they came back empty', async () => {
  const cluster = await startRedisCluster();
  try {
    for (let round = 0; round < 2; round += 1) {
      await eventually(async () => {
        for (const info of await cluster.all('CLUSTER', 'INFO'))
          assert.match(String(info), /cluster_state:ok[\s\S]*cluster_slots_ok:16384/);
      });
      await cluster.restartEmpty();
    }
  } finally {
    await cluster.stop();
  }
});
