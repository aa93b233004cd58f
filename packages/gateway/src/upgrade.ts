/** From an HTTP upgrade to a session on the right wire; nothing of the request is kept. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import {
  encodeUrlFault,
  isLegacyPath,
  isV1Path,
  type LegacyConnect,
  legacy,
  limits,
  parseLegacyUrl,
  v1,
} from '@encke/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Opening } from './opening.ts';

export interface Doors {
  /** Why no socket is taken now, or undefined. */
  closed(): string | undefined;
  v1(ws: WebSocket, socket: Socket, request: Opening): void;
  legacy(ws: WebSocket, socket: Socket, request: Opening, connect: LegacyConnect): void;
}

/** Milliseconds until a peer that leaves its connection open after a close frame, its own or ours, is dropped. */
const CLOSE_TIMEOUT = 2_000;
/**
 * [V11] Fragments of a frame, and segments that it may come in. Each is kept, with some 100 bytes around it, until the last
 * is there: of single bytes a frame would take megabytes.
 */
const PARTS = 1_024;

function reject(socket: Socket, status: string, text: string): void {
  socket.on('error', ignore);
  // A peer that never closes its side would stay: an HTTP server's sockets may be half open.
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}

export class Upgrades {
  readonly #doors: Doors;
  readonly #origins: ReadonlySet<string>;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.clientFrame,
    maxFragments: PARTS,
    maxBufferedChunks: PARTS,
    // Its types do not know this one yet.
    ...{ closeTimeout: CLOSE_TIMEOUT },
    // [V1] [L5] The subprotocol of the wire that the path names, if it is offered.
    handleProtocols: (offered, request) => {
      const wanted = isV1Path(request.url ?? '') ? v1.subprotocol : legacy.subprotocol;
      return offered.has(wanted) ? wanted : false;
    },
  });

  constructor(doors: Doors, origins: readonly string[]) {
    this.#doors = doors;
    this.#origins = new Set(origins);
  }

  handle = (request: Opening, socket: Socket, head: Buffer): void => {
    const refusal = this.#refusal(request);
    if (refusal) {
      reject(socket, ...refusal);
      return;
    }
    const url = request.url ?? '';
    socket.setNoDelay(true);
    // Of a request it looks at these fields only.
    this.#server.handleUpgrade(request as IncomingMessage, socket, head, (ws) => {
      if (isV1Path(url)) this.#doors.v1(ws, socket, request);
      else this.#legacy(ws, socket, request);
    });
  };

  /** Status and text for a request that gets no socket. */
  #refusal(request: Opening): [status: string, text: string] | undefined {
    const url = request.url ?? '';
    const isV1 = isV1Path(url);
    if (!isV1 && !isLegacyPath(url)) return ['404 Not Found', 'No such path.\n'];
    const closed = this.#doors.closed();
    if (closed !== undefined) return ['503 Service Unavailable', `${closed}\n`];
    const { origin } = request.headers;
    if (this.#origins.size > 0 && origin !== undefined && !this.#origins.has(origin)) {
      return ['403 Forbidden', 'This origin may not connect.\n'];
    }
    if (isV1 && !offers(request, v1.subprotocol)) {
      return ['400 Bad Request', `Sec-WebSocket-Protocol must offer ${v1.subprotocol}.\n`];
    }
    return undefined;
  }

  #legacy(ws: WebSocket, socket: Socket, request: Opening): void {
    const connect = parseLegacyUrl(request.url ?? '');
    if (!('code' in connect)) {
      this.#doors.legacy(ws, socket, request, connect);
      return;
    }
    ws.on('error', ignore);
    // [L3] One frame that names the fault, then a clean close: coming back would not help.
    ws.send(encodeUrlFault(connect));
    ws.close(1000);
  }
}

function ignore(): void {}

function offers(request: Opening, protocol: string): boolean {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header.split(',').some((one) => one.trim() === protocol);
}
