import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { App, Channel, Node, User } from '@encke/protocol';
import calculateSlot from 'cluster-key-slot';
import {
  channelPartition,
  channelTarget,
  Keys,
  PARTITIONS,
  parseChannelTarget,
  parseTarget,
  partitionOf,
  target,
} from './keys.ts';

test('a user is in the same partition for ever: keys of running installations depend on it', () => {
  const known: [name: string, partition: number][] = [
    ['0:1', 126],
    ['0:999999999', 123],
    ['1:1', 16],
    ['1:2', 105],
    ['1:7', 54],
    ['7:1', 35],
    ['42:123456', 41],
    ['999999999:999999999', 125],
  ];
  for (const [name, partition] of known) assert.equal(partitionOf(name), partition, name);
});

test('users are spread evenly over the partitions', () => {
  const counts = new Array<number>(PARTITIONS).fill(0);
  for (let user = 1; user <= 64_000; user++) {
    const partition = partitionOf(target(1 as App, user as User));
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  assert.equal(counts.length, PARTITIONS);
  for (const count of counts) assert.ok(count > 350 && count < 650, `${count} of 500`);
});

test('all keys of a user, and what its scripts touch besides, share a slot', () => {
  const keys = new Keys('encke');
  const node = 'abcdefghijkl' as Node;
  for (let user = 1; user <= 200; user++) {
    const mine = keys.user(target(7 as App, user as User));
    const names = [
      ...[mine.auth, mine.record, mine.inbox, mine.sessions, mine.cursors],
      ...[mine.idempotency('a{b}c'), keys.nodeIndex(mine.partition, node)],
      ...[keys.leaving(mine.partition), `${keys.bus(mine.partition)}${node}`],
      ...[keys.online(mine.partition), keys.data(target(7 as App, user as User), mine.partition)],
      ...[keys.watchers(target(7 as App, user as User), mine.partition)],
      ...Object.values(keys.revoked(mine.partition, 7 as App)),
    ];
    assert.equal(new Set(names.map(calculateSlot)).size, 1, names.join(' '));
    assert.equal(new Set(names).size, names.length);
  }
});

test('the channel of the status of a user lies with the user, any other by its own name', () => {
  assert.equal(channelPartition('1:user_status_7'), partitionOf('1:7'));
  assert.equal(channelPartition('0:user_status_999999999'), partitionOf('0:999999999'));
  for (const name of ['1:news', '1:user_status_', '1:user_status_07', '1:user_status_7x']) {
    assert.equal(channelPartition(name), partitionOf(name), name);
  }
});

test('all keys of a channel, and what its scripts touch besides, share a slot', () => {
  const keys = new Keys('encke');
  const node = 'abcdefghijkl' as Node;
  for (const channel of ['news', 'track_a', 'user_status_7', 'web_chat']) {
    const { partition, ...mine } = keys.channel(channelTarget(7 as App, channel as Channel));
    const names = [
      ...[mine.route, mine.members, mine.record, mine.history],
      ...[keys.nodeChannels(partition, node), keys.nodeSwept(partition, node)],
      `${keys.bus(partition)}${node}`,
    ];
    assert.equal(new Set(names.map(calculateSlot)).size, 1, names.join(' '));
    assert.equal(new Set(names).size, names.length);
  }
});

test('the literal names', () => {
  const keys = new Keys('encke');
  const mine = keys.user('1:7', 5);
  assert.deepEqual(
    [mine.auth, mine.record, mine.inbox, mine.sessions, mine.cursors, mine.idempotency('k')],
    [
      'encke:{5}:auth:1:7',
      'encke:{5}:user:1:7',
      'encke:{5}:inbox:1:7',
      'encke:{5}:sessions:1:7',
      'encke:{5}:cursors:1:7',
      'encke:{5}:idem:1:7:k',
    ],
  );
  assert.deepEqual(
    [keys.nodes, keys.loads, keys.accepted],
    ['encke:{nodes}', 'encke:{nodes}:load', 'encke:{nodes}:accepted'],
  );
  assert.equal(keys.online(5), 'encke:{5}:online');
  assert.equal(keys.data('1:7', 5), 'encke:{5}:data:1:7');
  assert.deepEqual(keys.revoked(5, 1 as App), {
    tokens: 'encke:{5}:revoked:1',
    ends: 'encke:{5}:revoked:1:ends',
  });
  assert.equal(keys.nodeIndex(5, 'n'), 'encke:{5}:node:n');
  assert.equal(keys.leaving(5), 'encke:{5}:leaving');
  assert.deepEqual(keys.channel('1:news', 5), {
    partition: 5,
    route: 'encke:{5}:route:1:news',
    members: 'encke:{5}:members:1:news',
    record: 'encke:{5}:channel:1:news',
    history: 'encke:{5}:history:1:news',
  });
  assert.equal(keys.nodeChannels(5, 'n'), 'encke:{5}:channels:n');
  assert.equal(keys.nodeSwept(5, 'n'), 'encke:{5}:swept:n');
  assert.equal(keys.bus(5), 'encke:{5}:bus:');
});

test('a node listens on one channel a partition', () => {
  const keys = new Keys('encke');
  const channels = keys.busChannels('n' as Node);
  assert.equal(new Set(channels).size, PARTITIONS);
  assert.equal(channels[5], `${keys.bus(5)}n`);
});

test('a target taken apart', () => {
  assert.deepEqual(parseTarget('0:999999999'), { app: 0, user: 999_999_999 });
  assert.deepEqual(parseChannelTarget('7:web_a-b'), { app: 7, channel: 'web_a-b' });
});
