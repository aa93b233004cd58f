/** The auth chat: signs in at the application server, listens at a gateway, sends through the application server. */
import { createClient } from '../client.mjs';
import { findAppServer, forget, login, remember, remembered, sendMessage } from './account.js';
import { Log } from './log.js';
import {
  clearText,
  elements,
  hideBanner,
  showAccount,
  showAuth,
  showBanner,
  showEmpty,
  showEntry,
  showLinks,
  showState,
} from './view.js';

const params = new URLSearchParams(location.search);
const number = (text) => (/^[1-9][0-9]{0,8}$/.test(text ?? '') ? Number(text) : undefined);

/**
 * `?gateway=host:port` shows that any gateway will do; else the one that served this page. Not one on another host: anybody
 * can make such a link, and the gateway is shown the user's key.
 */
function findGateway() {
  const asked = `${location.protocol}//${params.get('gateway')}`;
  if (URL.canParse(asked) && new URL(asked).hostname === location.hostname) return asked;
  return new URL('..', location.href).href;
}

const gateway = findGateway();
const appServer = await findAppServer();

/** Resolves with the account that somebody enters by hand. */
function askAccount(user) {
  const value = (id) => document.getElementById(id).value.trim();
  if (user !== undefined) document.getElementById('hand-user').value = user;
  elements.signIn.hidden = false;
  return new Promise((resolve) => {
    elements.signIn.addEventListener('submit', (event) => {
      event.preventDefault();
      elements.signIn.hidden = true;
      const account = {
        app: Number(value('hand-app')),
        user: Number(value('hand-user')),
        key: value('hand-key'),
      };
      resolve(remember(account));
    });
  });
}

async function findAccount() {
  const user = number(params.get('user'));
  const account = remembered(user);
  if (account) return account;
  if (!appServer) return askAccount(user);
  for (;;) {
    try {
      return await login(appServer, user);
    } catch (error) {
      await new Promise((again) =>
        showBanner(`Signing in failed: ${error.message}.`, 'Try again', again),
      );
    }
  }
}

const account = await findAccount();
const log = new Log(account.app, account.user);
const appOption = account.app === 0 ? '' : ` --app ${account.app}`;

/** Text of ours, or whatever another sender thought of. */
function toEntry({ id, seq, event, data, time, queued }) {
  const { text, from } = Object(data);
  return {
    kind: 'in',
    id,
    seq,
    event,
    queued,
    at: time,
    from: number(String(from)),
    text: typeof text === 'string' ? text : typeof data === 'string' ? data : JSON.stringify(data),
  };
}

const note = (text) => showEntry(log.add({ kind: 'note', at: Date.now(), text }));

/** Somebody else stored another hash: the application server has to store this user's once more. */
function askToSignInAgain(text = 'The gateway does not know this user any more.') {
  showBanner(text, 'Sign in again', async () => {
    try {
      await login(appServer, account.user);
      location.reload();
    } catch (error) {
      askToSignInAgain(`Signing in failed: ${error.message}.`);
    }
  });
}

function connect() {
  let { key } = account;
  const client = createClient({
    url: gateway,
    app: account.app,
    user: account.user,
    // Asked again when the gateway refuses the key: the application server knows a fresh one.
    getKey: async () => {
      const known = key;
      key = undefined;
      if (known !== undefined || !appServer) return known ?? account.key;
      Object.assign(account, await login(appServer, account.user));
      return account.key;
    },
  });
  client.onMessage('*', (message) => {
    showEntry(log.add(toEntry(message)));
    showState(client);
  });
  client.onAuth((authorized) => {
    showAuth(authorized);
    if (authorized) hideBanner();
    else if (appServer) askToSignInAgain();
    else
      showBanner(
        `The gateway does not know this hash. Run: encke auth${appOption} ${account.user} <hash>`,
        'Try again',
        () => location.reload(),
      );
  });
  client.onMissed(() => {
    note('Some messages may be missing here: this page was away for longer than they are kept.');
  });
  client.on('state', (state) => {
    showState(client);
    if (state.name === 'closed')
      showBanner(`The gateway closed this session: ${state.reason}.`, 'Connect again', connect);
  });
  showState(client);
}

async function submit() {
  const to = Number(elements.to.value);
  const text = elements.text.value.trim();
  if (text === '') return;
  const entry = log.add({ kind: 'out', to, text, at: Date.now(), status: 'sending' });
  const update = showEntry(entry);
  clearText();
  try {
    const { sessions } = await sendMessage(appServer, account, to, text);
    Object.assign(entry, { status: 'sent', sessions });
  } catch (error) {
    Object.assign(entry, { status: 'failed', reason: error.message });
  }
  log.save();
  update();
}

function prepareComposer() {
  const { to, composer } = elements;
  const neighbour = (account.user % 999_999_999) + 1;
  const links = () => {
    const chosen = number(to.value);
    const other = chosen && chosen !== account.user ? chosen : neighbour;
    showLinks(account.user, other);
    // A reload writes to the same user.
    params.set('to', chosen ?? neighbour);
    history.replaceState(null, '', `?${params}`);
  };
  to.value = params.get('to') ?? neighbour;
  to.addEventListener('input', links);
  links();
  composer.hidden = !appServer;
  composer.addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
}

function start() {
  // The address names the user, so that a copy of it opens the same one.
  params.set('user', account.user);
  showAccount(account, new URL(gateway).host);
  prepareComposer();
  for (const entry of log.entries) showEntry(entry);
  if (appServer)
    showEmpty(
      'Open another user, write to them, and watch it arrive. Close their window and write again: the message waits until they are back.',
    );
  else
    showEmpty(
      'Send something from a terminal:',
      `encke send${appOption} ${account.user} chat '{"text":"hello"}'`,
    );
  elements.leave.hidden = Boolean(appServer);
  elements.leave.addEventListener('click', () => {
    forget();
    location.search = '';
  });
  connect();
}

start();
