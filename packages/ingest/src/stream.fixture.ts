import { once } from 'node:events';
import { WebSocket } from 'ws';
import { apiKey } from './ingest.fixture.ts';

export interface StreamAnswer {
  readonly ref: string | number | null;
  readonly id?: string;
  readonly seq?: number;
  readonly sessions?: number;
  readonly queued?: boolean;
  readonly error?: {
    readonly status: number;
    readonly detail: string;
    readonly field?: string;
    readonly stored?: string;
  };
}

/** The client end of a stream; records what it is answered. */
export async function openStream(url: string) {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${apiKey}` } });
  const answers: StreamAnswer[] = [];
  let frames = 0;
  socket.on('message', (data: Buffer) => {
    frames += 1;
    for (const line of data.toString().split('\n')) answers.push(JSON.parse(line) as StreamAnswer);
  });
  socket.on('error', () => {});
  const closed = once(socket, 'close').then(([code]) => code as number);
  await once(socket, 'open');
  return {
    socket,
    answers,
    /** The code it was closed with. */
    closed,
    get frames() {
      return frames;
    },
    send(lines: readonly object[]) {
      socket.send(lines.map((line) => JSON.stringify(line)).join('\n'));
    },
  };
}

export type TestStream = Awaited<ReturnType<typeof openStream>>;
