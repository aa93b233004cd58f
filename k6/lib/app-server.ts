/** The application server: signs users in and sends to them over HTTP. */
import http, { type RefinedResponse, type ResponseType } from 'k6/http';
import { apiKey, app, ingest } from './settings.ts';

type Answer = RefinedResponse<ResponseType | undefined>;

const params = (name: string) => ({
  headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
  // One series a route, not one a user.
  tags: { name },
});

let turn = 0;
const url = (path: string): string => {
  turn += 1;
  return `${ingest[turn % ingest.length]}/v1/apps/${app}${path}`;
};

/** The key of a user: any text does for a load test. */
export const keyOf = (user: number): string => `k6-${user}`;

const fail = (what: string, { status, body }: Answer): never => {
  throw new Error(`${what}: ${status} ${status === 0 ? 'no answer' : String(body).slice(0, 300)}`);
};

/** Signs all of them in, 20 at once; before the load begins. */
export function signIn(users: readonly number[]): void {
  for (let at = 0; at < users.length; at += 20) {
    const requests = users.slice(at, at + 20).map((user) => ({
      method: 'PUT',
      url: url(`/users/${user}/auth`),
      body: JSON.stringify({ hash: keyOf(user), ttl: 86_400 }),
      params: params('PUT auth'),
    }));
    for (const answer of http.batch(requests)) if (answer.status !== 204) fail('sign in', answer);
  }
}

async function post<T>(name: string, path: string, body: object): Promise<T> {
  const answer = await http.asyncRequest('POST', url(path), JSON.stringify(body), params(name));
  if (answer.status !== 202) fail(name, answer);
  return answer.json() as T;
}

export interface Sent {
  readonly id: string;
  readonly seq: number;
  readonly sessions: number;
  readonly queued: boolean;
}

/** Whether it is; why not is told on the console, and counted in `http_req_failed`. What is refused need not arrive. */
export async function isAccepted(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    console.error(String(error));
    return false;
  }
}

/** Resolves when the message is accepted; rejects when it is not. */
export const send = (user: number, data: unknown): Promise<Sent> =>
  post('POST message', `/users/${user}/messages`, { event: 'k6', data });

export const publish = (channel: string, data: unknown): Promise<{ subscribers: number }> =>
  post('POST channel message', `/channels/${channel}/messages`, { event: 'k6', data });
