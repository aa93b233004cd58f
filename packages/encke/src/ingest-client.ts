/** The operator verbs' way to ingest: HTTP like any application server. */
import { appOf, keyOf } from './app-and-key.ts';
import { type Invocation, option } from './command.ts';
import { Failure } from './failure.ts';
import { stateFolder } from './state-folder.ts';
import { runningUp } from './up/lock.ts';

export const clientOptions = {
  app: { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
  state: { type: 'string' },
} as const;

export const clientHelp = `  --app n      application number (0)
  --url URL    where ingest is (the running \`encke up\`, else http://127.0.0.1:8080)
  --key KEY    the API key (ENCKE_API_KEY, else the one \`encke up\` made)`;

const elsewhere = 'Is `encke up` running? --url names another place.';

interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly field?: string;
}

function problemText(status: number, body: string): string {
  let problem: Problem = {};
  try {
    problem = JSON.parse(body);
  } catch {
    // Not an answer of ingest but of something before it.
  }
  const { title, detail } = problem;
  const what = [title ?? `HTTP ${status}`, detail].filter(Boolean).join(': ');
  const hint = status === 401 ? ' Give the API key with --key or ENCKE_API_KEY.' : '';
  return `ingest answered ${status}. ${what}${/[.!?]$/.test(what) ? '' : '.'}${hint}`;
}

/** `fetch` would refuse it too, but with an error that shows the key. */
function fitsHeader(key: string): boolean {
  try {
    new Headers({ authorization: `Bearer ${key}` });
    return true;
  } catch {
    return false;
  }
}

/** Why a call ended without an answer. */
function unreached(url: string, { name, message, cause }: Error): Failure {
  if (name === 'TimeoutError')
    return new Failure(`ingest at ${url} did not answer within 10 seconds. ${elsewhere}`);
  const { code, message: detail } = (cause ?? {}) as { code?: string; message?: string };
  const why = code ?? detail ?? message;
  return new Failure(
    /CERT|^UNABLE_TO/.test(why)
      ? `ingest at ${url} shows a certificate that is not trusted here (${why}). NODE_EXTRA_CA_CERTS names a file of further ones to trust.`
      : `ingest at ${url} is not there (${why}). ${elsewhere}`,
  );
}

function target(invocation: Invocation): { url: string; key: string } {
  const { env } = invocation;
  const folder = stateFolder(option(invocation, 'state'));
  const url =
    option(invocation, 'url') ??
    runningUp(folder)?.ingest ??
    `http://127.0.0.1:${env.ENCKE_INGEST_PORT || 8080}`;
  const key = keyOf(invocation, folder);
  if (!fitsHeader(key))
    throw new Failure(
      'The API key has a character that HTTP cannot carry, such as a typographic quote.',
      2,
    );
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new Failure('--url must be an http:// or https:// URL.', 2);
  return { url: url.replace(/\/$/, ''), key };
}

/** Calls `<method> /v1<path>`; gives the JSON answer, or undefined for 204. */
export async function callIngest<T>(
  invocation: Invocation,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const { url, key } = target(invocation);
  const response = await fetch(`${url}/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    // Followed, a POST would become a GET, and its answer be taken for that of the POST.
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  }).catch((error: Error) => {
    throw unreached(url, error);
  });
  const text = await response.text().catch((error: Error) => {
    throw unreached(url, error);
  });
  const location = response.headers.get('location');
  if (location !== null)
    throw new Failure(
      `What answers at ${url} says that ingest is elsewhere: ${location}. --url names another place.`,
    );
  if (!response.ok) throw new Failure(problemText(response.status, text));
  if (response.status === 204) return undefined as T;
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`What answers at ${url} is not ingest: its answer is not JSON. ${elsewhere}`);
  }
}

/** The path of the app that the caller named, and of one of its users or channels. */
export function appPath(invocation: Invocation, kind: 'users' | 'channels', name: string): string {
  return `/apps/${appOf(invocation)}/${kind}/${encodeURIComponent(name)}`;
}

/** JSON when it is JSON, else the text itself: `42` is a number, `hello` a string, `"42"` a string. */
export function dataOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
