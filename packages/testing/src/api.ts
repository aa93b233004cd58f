/** Thrown for every answer of ingest that is not 2xx. */
export class ApiError extends Error {
  readonly status: number;
  /** The problem details, or the text when it was no JSON. */
  readonly problem: Readonly<Record<string, unknown>>;
  readonly headers: Headers;

  constructor(call: string, status: number, text: string, headers: Headers) {
    super(`${call}: ${status} ${text}`);
    this.status = status;
    this.headers = headers;
    this.problem = parseProblem(text);
  }
}

function parseProblem(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}

export interface Sent {
  readonly id: string;
  readonly seq: number;
  readonly sessions: number;
  readonly queued: boolean;
}

export interface Outgoing {
  readonly user: number;
  readonly data: unknown;
  readonly event?: string;
  /** Seconds. */
  readonly ttl?: number;
  readonly idempotencyKey?: string;
}

export type BatchResult = Sent & { readonly error?: Readonly<Record<string, unknown>> };

export interface Waiting {
  readonly id: string;
  readonly seq: number;
  readonly event: string;
  readonly data: unknown;
  readonly time: number;
  readonly expires: number;
}

export interface UserAnswer {
  readonly online: boolean;
  readonly lastSeen: number | null;
  readonly queued: number;
  readonly sessions: readonly {
    readonly session: string;
    readonly device: string;
    readonly node: string;
    readonly since: number;
  }[];
}

/** Ingest's HTTP API as an application server calls it. */
export class Api {
  readonly url: string;
  readonly key: string;
  readonly app: number;

  constructor(url: string, { key = 'test-api-key', app = 1 } = {}) {
    this.url = url;
    this.key = key;
    this.app = app;
  }

  setHash(user: number | string, hash: string, ttl?: number): Promise<void> {
    return this.call('PUT', `/users/${user}/auth`, { hash, ...(ttl !== undefined && { ttl }) });
  }
  removeHash(user: number): Promise<void> {
    return this.call('DELETE', `/users/${user}/auth`);
  }
  send(user: number | string, data: unknown, more: Partial<Outgoing> = {}): Promise<Sent> {
    return this.call('POST', `/users/${user}/messages`, { ...more, data });
  }
  async sendMany(messages: readonly Outgoing[]): Promise<BatchResult[]> {
    return (await this.call<{ results: BatchResult[] }>('POST', '/messages', messages)).results;
  }
  async undelivered(user: number): Promise<Waiting[]> {
    return (await this.call<{ messages: Waiting[] }>('GET', `/users/${user}/messages`)).messages;
  }
  async purge(user: number): Promise<number> {
    return (await this.call<{ deleted: number }>('DELETE', `/users/${user}/messages`)).deleted;
  }
  user(user: number): Promise<UserAnswer> {
    return this.call('GET', `/users/${user}`);
  }
  disconnect(user: number, reconnect?: boolean): Promise<{ sessions: number }> {
    return this.call('POST', `/users/${user}/disconnect`, {
      ...(reconnect !== undefined && { reconnect }),
    });
  }

  /** `path` is below `/v1/apps/{app}`. */
  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    return (await this.raw(method, path, json)) as T;
  }

  /** `fetch` itself says only that it failed. */
  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, init);
    } catch (error) {
      throw new TypeError(`fetch failed: ${init.method} ${path}: ${(error as Error).cause}`);
    }
  }

  /** As `call`, with a body that need not be JSON. */
  async raw(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const response = await this.#fetch(`/v1/apps/${this.app}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new ApiError(`${method} ${path}`, response.status, text, response.headers);
    return text === '' ? undefined : JSON.parse(text);
  }
}
