/** The chat room: a channel with history, who is in it, who is typing, and who of the others is online. */
import { createClient } from '../../client.mjs';
import { findAppServer, login, remembered } from '../account.js';
import {
  elements,
  showAccount,
  showBanner,
  showHere,
  showKnown,
  showMessage,
  showState,
  showTyping,
} from './room-view.js';

const params = new URLSearchParams(location.search);
const asked = /^[1-9][0-9]{0,8}$/.test(params.get('user') ?? '')
  ? Number(params.get('user'))
  : undefined;
/** How long somebody counts as typing after the last word of it. */
const typingLasts = 4_000;
/** Presence is a subscription for each user, and a connection has 32 of them. */
const watched = 8;

const appServer = await findAppServer();

/** Signed in where there is an application server; a guest may use `web_` channels too. */
async function findAccount() {
  const account = params.get('user') === 'new' ? undefined : remembered(asked);
  if (account || !appServer) return account ?? { app: 0 };
  return login(appServer, asked).catch((error) => {
    showBanner(`Signing in failed: ${error.message}. You are here as a guest.`);
    return { app: 0 };
  });
}

async function enterAgain() {
  try {
    if (me && appServer) await login(appServer, me);
    location.reload();
  } catch (error) {
    showBanner(`Signing in failed: ${error.message}.`, 'Try again', enterAgain);
  }
}

const account = await findAccount();
const me = account.user ?? 0;
params.delete('user');
if (me) params.set('user', me);
history.replaceState(null, '', `?${params}`);
showAccount(me);

const client = createClient({
  url: new URL('../..', location.href).href,
  app: account.app,
  ...(me && { user: me, key: account.key }),
});
const room = client.channel('web_lobby');
const people = client.channel('track_lobby');
const typing = client.channel('web_lobby_typing');

const members = new Map();
const known = new Map();
const typists = new Map();

function drawPeople() {
  const counts = new Map();
  for (const { user } of members.values()) counts.set(user, (counts.get(user) ?? 0) + 1);
  const note = (user, count) =>
    [user && user === me ? 'you' : '', count > 1 ? `${count} connections` : '']
      .filter(Boolean)
      .join(', ');
  showHere([...counts].map(([user, count]) => ({ user, online: true, note: note(user, count) })));
  showKnown(
    [...known]
      .filter(([user]) => !counts.has(user))
      .map(([user, online]) => ({ user, online, note: online ? 'online elsewhere' : 'offline' })),
  );
}

function meet(user) {
  if (!user || user === me || known.has(user) || known.size === watched) return;
  known.set(user, false);
  client.presence(user).on(({ online }) => {
    known.set(user, online);
    drawPeople();
  });
}

function show({ id, data, user, time, history: old }) {
  meet(user);
  typists.delete(user);
  drawTyping();
  const text = typeof data?.text === 'string' ? data.text : JSON.stringify(data);
  showMessage({ id, user, mine: Boolean(me) && user === me, text, time, history: old });
}

async function readHistory() {
  for (const message of await room.history()) show(message);
}

async function readMembers() {
  members.clear();
  for (const member of await people.members()) members.set(member.session, member);
  drawPeople();
}

function drawTyping() {
  showTyping([...typists.keys()]);
}

/** What a question could not find out, the next reconnect asks again. */
const quietly = (promise) => promise.catch((error) => console.info(error.message));

room.onMessage(show);
room.listen('subscribed', () => quietly(readHistory()));
people.listen('subscribed', () => quietly(readMembers()));
people.onJoined((member) => {
  members.set(member.session, member);
  meet(member.user);
  drawPeople();
});
people.onLeft(({ session }) => {
  members.delete(session);
  drawPeople();
});
typing.on('typing', ({ user }) => {
  if (user === me) return;
  clearTimeout(typists.get(user));
  typists.set(
    user,
    setTimeout(() => {
      typists.delete(user);
      drawTyping();
    }, typingLasts),
  );
  drawTyping();
});

client.on('state', (state) => {
  showState(client);
  if (state.name === 'closed')
    showBanner(`The gateway closed this session: ${state.reason}.`, 'Connect again', enterAgain);
});
client.onAuth((authorized) => {
  if (!me) return;
  if (authorized) showBanner('');
  else showBanner('The gateway does not know this user any more.', 'Sign in again', enterAgain);
});
showState(client);

let typedAt = 0;
elements.text.addEventListener('input', () => {
  if (Date.now() - typedAt < typingLasts / 2) return;
  typedAt = Date.now();
  quietly(typing.publish('typing', null));
});

async function send(text) {
  const update = showMessage({ user: me, mine: true, text, time: Date.now(), badge: 'sending…' });
  try {
    const count = await room.publish('chat', { text });
    update('sent', count === 1 ? '1 other connection told' : `${count} other connections told`);
  } catch (error) {
    update('failed', `not sent: ${error.message}`);
  }
}

elements.composer.addEventListener('submit', (event) => {
  event.preventDefault();
  const text = elements.text.value.trim();
  if (text === '') return;
  elements.text.value = '';
  typedAt = 0;
  send(text);
});
elements.text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  elements.composer.requestSubmit();
});
elements.text.focus();
