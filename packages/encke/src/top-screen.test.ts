import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Status, screen } from './top-screen.ts';

const status: Status = {
  usersOnline: 1_200,
  sessions: 1_500,
  connections: 1_600,
  unconfirmed: 3,
  messages: 12_000,
  uptime: 3_723,
  redisMilliseconds: 0.418,
  gateways: [
    { node: 'p0c2m4x8r1ts', sessions: 1_000, connections: 1_050, unconfirmed: 3, since: 5_000 },
    { node: 'a1b2c3d4e5f6', sessions: 500, connections: 550, unconfirmed: 0, since: 8_663 },
  ],
};

test('the whole installation, then each gateway', () => {
  const before = { status: { ...status, messages: 11_000 }, at: 1_000 };
  assert.equal(
    screen({ status, at: 3_000 }, before),
    [
      'users online  sessions  sockets  messages/s  accepted  unconfirmed  Redis ms',
      '1,200            1,500    1,600         500    12,000            3      0.42',
      '',
      'gateway       sessions  sockets  unconfirmed       up',
      'p0c2m4x8r1ts     1,000    1,050            3  1:02:03',
      'a1b2c3d4e5f6       500      550            0  0:01:00',
    ].join('\n'),
  );
});

test('the first look, and one after Redis came back empty, know no rate', () => {
  const now = { status, at: 3_000 };
  for (const before of [undefined, { status: { ...status, messages: 99_999 }, at: 1_000 }])
    assert.match(screen(now, before), / – /);
});

test('it fits into the terminal', () => {
  const gateways = Array.from({ length: 50 }, (_, i) => ({
    ...{ node: `node${i}`, sessions: 0, connections: 0, unconfirmed: 0, since: 0 },
  }));
  const lines = screen({ status: { ...status, gateways }, at: 0 }, undefined, {
    rows: 10,
    columns: 40,
  }).split('\n');
  assert.equal(lines.length, 9, 'the cursor stands in the last row');
  assert.equal(lines.at(-1), '… 46 more');
  assert.ok(lines.every((line) => line.length <= 40));
  const none = screen({ status: { ...status, gateways: [] }, at: 0 }, undefined);
  assert.match(none, /no gateway$/);
});
