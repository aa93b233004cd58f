/** A stranger opens all the connections that there is a file for. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually, startProcess, startRedis } from '@encke/testing';

const linux = { skip: process.platform !== 'linux' };

for (const name of ['gateway', 'ingest', 'cometql'] as const)
  test(
    `with as many connections as may be, a ${name} says how it is, and finds Redis again`,
    linux,
    async () => {
      const redis = await startRedis();
      const node = await startProcess(name, redis.env, 200);
      const open = new Set<Socket>();
      let closed = 0;
      let going = true;
      const more = (): void => {
        if (!going) return;
        const socket = connect(node.port, '127.0.0.1');
        open.add(socket);
        socket.on('error', () => {});
        socket.on('connect', () => socket.write('GET /info HTTP/1.1\r\nX: '));
        socket.on('close', () => {
          open.delete(socket);
          closed += 1;
          setTimeout(more, 5);
        });
      };
      try {
        await eventually(async () => assert.equal(await node.ready(), 200));
        for (let i = 0; i < 250; i += 1) more();
        await eventually(() => assert.ok(closed > 100));
        assert.equal(await node.ready(), 200);
        await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal');
        await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await eventually(async () => {
          const clients = String(await redis.cli('CLIENT', 'LIST'))
            .trim()
            .split('\n');
          assert.ok(clients.length > 1, 'nobody but who asks');
          assert.equal(await node.ready(), 200);
        });
        assert.equal(node.output.split('too many connections').length, 2, 'one line in the log');
      } finally {
        going = false;
        for (const socket of open) socket.destroy();
        await node.stop();
        await redis.stop();
      }
    },
  );
