import type { IncomingMessage, ServerResponse } from 'node:http';

const maxBody = 64 * 1024;

/** Ends a request with a status and a sentence. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > maxBody) throw new Refusal(413, 'the body is too long');
  }
  try {
    const body = JSON.parse(text || '{}');
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // Answered below.
  }
  throw new Refusal(400, 'the body must be a JSON object');
}

/** Pages of this machine only: a real site lists the origins of its own pages. */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  const { origin = '', host = '' } = request.headers;
  if (!URL.canParse(origin)) return;
  const { hostname } = new URL(origin);
  const local = ['localhost', '127.0.0.1', '[::1]'];
  if (URL.canParse(`http://${host}`)) local.push(new URL(`http://${host}`).hostname);
  if (!local.includes(hostname)) return;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-headers', 'authorization, content-type');
  response.setHeader('vary', 'origin');
}
