/**
 * Who this page is, asked from the application server: a site's own backend. Only that server holds Encke's API key;
 * the page gets the user's own key for the gateway, and a token for the application server itself.
 */
const place = 'encke-demo:account';

/** The address of the application server, or null when this gateway was started without one. */
export async function findAppServer() {
  try {
    const response = await fetch(new URL('config.json', import.meta.url));
    return response.ok ? ((await response.json()).appServer ?? null) : null;
  } catch {
    return null;
  }
}

/** The account of this tab. It lasts through reloads, and ends with the tab. */
export function remembered(user) {
  const account = JSON.parse(sessionStorage.getItem(place) ?? 'null');
  return account && (user === undefined || account.user === user) ? account : undefined;
}

export function remember(account) {
  sessionStorage.setItem(place, JSON.stringify(account));
  return account;
}

export function forget() {
  sessionStorage.removeItem(place);
}

async function post(url, body, token) {
  let response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error('the application server cannot be reached');
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const reason =
    answer.error ?? answer.detail ?? `the application server answered ${response.status}`;
  throw Object.assign(new Error(reason), { status: response.status });
}

/** Signs in as `user`, or as a new one. A real site would ask for a password. */
export async function login(appServer, user) {
  return remember(await post(`${appServer}/login`, user === undefined ? {} : { user }));
}

/** Answers how many sessions were told; 0 means that the message waits in the inbox. */
export async function sendMessage(appServer, account, to, text) {
  try {
    return await post(`${appServer}/messages`, { to, text }, account.token);
  } catch (error) {
    // The application server was restarted and knows our token no more.
    if (error.status !== 401) throw error;
    Object.assign(account, await login(appServer, account.user));
    return post(`${appServer}/messages`, { to, text }, account.token);
  }
}
