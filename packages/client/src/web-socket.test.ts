import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { findWebSocket, type WebSocketConstructor } from './web-socket.ts';

test('the given one wins; the package `ws` and the browser have the right shape', async () => {
  const given: WebSocketConstructor = WebSocket;
  assert.equal(await findWebSocket(given), WebSocket);
  const own: WebSocketConstructor | undefined = globalThis.WebSocket;
  if (own) assert.equal(await findWebSocket(), own);
});

test('without one of its own, Node.js takes the package `ws`', async (context) => {
  if (globalThis.WebSocket) context.skip('this Node.js has its own');
  else assert.equal(await findWebSocket(), WebSocket);
});
