/**
 * What a connection says first decides who serves it: devices open their sockets here, without an HTTP parser, a request
 * and a response for each; pages and everything unusual are the HTTP server's.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { readOpening } from './opening.ts';
import type { Upgrades } from './upgrade.ts';

/** Milliseconds. A connection that stays silent longer is the HTTP server's too: it has the time limits. */
const SILENCE = 1_000;
const nothing = Buffer.alloc(0);

/** @returns what ends the connections that have said nothing so far, and every new one. */
export function openFront(server: Server, upgrades: Upgrades): () => void {
  const http = server.listeners('connection');
  const silent = new Map<Socket, number>();

  function serve(socket: Socket): void {
    for (const listener of http) listener.call(server, socket);
  }

  function first(this: Socket, bytes: Buffer): void {
    leave(this);
    const opening = readOpening(bytes);
    if (opening) {
      upgrades.handle(opening, this, nothing);
      return;
    }
    this.unshift(bytes);
    serve(this);
  }

  function leave(socket: Socket): void {
    silent.delete(socket);
    socket.off('data', first);
    socket.off('error', ignore);
  }

  function take(socket: Socket): void {
    silent.set(socket, performance.now());
    socket.on('error', ignore);
    socket.on('data', first);
  }

  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, since] of silent) {
      if (now - since < SILENCE) return;
      leave(socket);
      if (socket.readableEnded) socket.destroy();
      else if (!socket.destroyed) serve(socket);
    }
  }, SILENCE);

  server.removeAllListeners('connection');
  server.on('connection', take);
  return () => {
    clearInterval(timer);
    // The port may be open a while longer.
    server.off('connection', take);
    server.on('connection', (socket) => socket.destroy());
    for (const socket of silent.keys()) socket.destroy();
    silent.clear();
  };
}

function ignore(): void {}
