/**
 * The demo's application server: what a site's own backend does to use Encke. It knows who a visitor is, and calls
 * Encke's HTTP API with the API key; browsers never see that key. Plain Node, nothing of Encke is imported.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { allowOrigin, Refusal, readJson } from './demo-http.ts';

export interface DemoAppOptions {
  /** Where ingest is. */
  readonly ingest: string;
  readonly apiKey: string;
  readonly app: number;
  readonly host: string;
  readonly port: number;
}

const maxLogins = 10_000;
const maxText = 4_000;

const isUser = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 999_999_999;

interface Accepted {
  readonly sessions: number;
  readonly queued: boolean;
}

class Site {
  readonly #options: DemoAppOptions;
  /** The site's sessions, and the key that each user's devices show to Encke. */
  readonly #users = new Map<string, number>();
  readonly #keys = new Map<number, string>();

  constructor(options: DemoAppOptions) {
    this.#options = options;
  }

  async #encke(method: string, path: string, body: unknown): Promise<Response> {
    const { ingest, apiKey, app } = this.#options;
    const response = await fetch(`${ingest}/v1/apps/${app}/${path}`, {
      method,
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) return response;
    throw new Refusal(response.status === 503 ? 503 : 502, `Encke answered ${response.status}`);
  }

  /** A real site asks for a password here. */
  async login({ user }: Record<string, unknown>) {
    if (user !== undefined && !isUser(user))
      throw new Refusal(400, '`user` must be an integer from 1 to 999999999');
    let id = user ?? randomInt(100, 100_000);
    while (user === undefined && this.#keys.has(id)) id = randomInt(100, 100_000);
    const key = this.#keys.get(id) ?? randomBytes(24).toString('base64url');
    await this.#encke('PUT', `users/${id}/auth`, { hash: key });
    // So that who enters the chat room sees what was said there.
    await this.#encke('PUT', 'channels/web_lobby/settings', { history: 50 });
    if (this.#users.size === maxLogins) this.#users.clear();
    if (this.#keys.size === maxLogins) this.#keys.clear();
    const token = randomBytes(24).toString('base64url');
    this.#users.set(token, id);
    this.#keys.set(id, key);
    return { app: this.#options.app, user: id, key, token };
  }

  async send(authorization: string, { to, text }: Record<string, unknown>): Promise<Accepted> {
    const from = this.#users.get(authorization.replace(/^Bearer /i, ''));
    if (from === undefined) throw new Refusal(401, 'log in first');
    if (!isUser(to)) throw new Refusal(400, '`to` must be an integer from 1 to 999999999');
    if (typeof text !== 'string' || text.trim() === '' || text.length > maxText)
      throw new Refusal(400, `\`text\` must be 1 to ${maxText} characters`);
    const message = { event: 'chat', data: { from, text, at: Date.now() } };
    const answer = await this.#encke('POST', `users/${to}/messages`, message);
    const { sessions, queued } = (await answer.json()) as Accepted;
    return { sessions, queued };
  }
}

async function route(site: Site, request: IncomingMessage): Promise<[number, unknown?]> {
  if (request.method === 'OPTIONS') return [204];
  if (request.method !== 'POST') throw new Refusal(405, 'only POST');
  const body = await readJson(request);
  if (request.url === '/login') return [200, await site.login(body)];
  if (request.url === '/messages')
    return [202, await site.send(request.headers.authorization ?? '', body)];
  throw new Refusal(404, 'there are /login and /messages');
}

async function respond(site: Site, request: IncomingMessage, response: ServerResponse) {
  allowOrigin(request, response);
  const [status, body] = await route(site, request).catch((error): [number, unknown] =>
    error instanceof Refusal
      ? [error.status, { error: error.message }]
      : [502, { error: 'Encke cannot be reached' }],
  );
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

export async function startDemoApp(options: DemoAppOptions) {
  const site = new Site(options);
  // A fault of ours ends one request, never the process.
  const server = createServer((request, response) =>
    respond(site, request, response).catch(() => response.destroy()),
  );
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const stop = async () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, stop };
}
