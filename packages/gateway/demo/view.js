/** Everything that touches the page. Data only ever becomes text, never HTML. */
const get = (id) => document.getElementById(id);
const messages = get('messages');
const template = get('message');
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
/** Entries on the page; the log keeps fewer. */
const longest = 300;

export const elements = {
  signIn: get('sign-in'),
  composer: get('composer'),
  to: get('to'),
  text: get('text'),
  another: get('another'),
  leave: get('leave'),
};

/** A colour of its own for each user. */
const hue = (user) => `${(Number(user) * 137.5) % 360}`;

function dress(avatar, user) {
  avatar.style.setProperty('--hue', hue(user || 0));
  avatar.textContent = user ? String(user).slice(-2) : '•';
}

export function showAccount({ app, user }, gateway) {
  get('user').textContent = user;
  get('app').textContent = app;
  get('gateway').textContent = gateway;
  get('auth').textContent = 'asking…';
  get('more').hidden = false;
  dress(get('avatar'), user);
  document.title = `User ${user} · The auth chat`;
}

/** The links that open more windows; `other` is who is talked to there. */
export function showLinks(user, other) {
  const link = (params) => {
    const url = new URL(location.href);
    url.search = new URLSearchParams([
      ...[...url.searchParams].filter(([name]) => name === 'gateway'),
      ...Object.entries(params),
    ]);
    return url.href;
  };
  elements.another.href = link({ user: other, to: user });
  elements.another.textContent = `Open user ${other}`;
  get('same').href = link({ user });
}

const words = {
  connecting: () => 'connecting…',
  online: () => 'online',
  waiting: ({ retryIn }) =>
    Number.isFinite(retryIn) ? `offline, trying again in ${Math.ceil(retryIn / 1000)} s` : 'asleep',
  closed: () => 'closed',
};

export function showState(client) {
  const { state, session, device, position } = client;
  const pill = get('state');
  pill.dataset.state = state.name;
  pill.textContent = words[state.name](state);
  pill.title = state.reason ?? '';
  get('session').textContent = session ?? '–';
  get('node').textContent = session?.split('.')[0] ?? '–';
  get('device').textContent = device;
  get('position').textContent = position ? `message ${position.seq}` : '–';
}

export function showAuth(authorized) {
  const line = get('auth');
  line.dataset.authorized = authorized;
  line.textContent = authorized ? 'authorised' : 'not authorised';
}

/** One thing the reader must know, and what can be done about it. */
export function showBanner(text, action, onAction) {
  const button = get('banner-button');
  get('banner').hidden = false;
  get('banner-text').textContent = text;
  button.hidden = !action;
  button.textContent = action ?? '';
  button.onclick = () => {
    hideBanner();
    onAction?.();
  };
}

export function hideBanner() {
  get('banner').hidden = true;
}

export function showEmpty(text, command) {
  get('empty-text').textContent = text;
  get('empty-command').textContent = command ?? '';
  get('empty').hidden = messages.childElementCount > 0;
}

const devices = (count) => (count === 1 ? '1 device told' : `${count} devices told`);

const badges = {
  in: ({ queued }) => (queued ? 'waited in the inbox' : ''),
  out: ({ status, sessions, reason }) => {
    if (status === 'sending') return 'sending…';
    if (status === 'failed') return `not sent: ${reason}`;
    return sessions > 0 ? devices(sessions) : 'waiting in the inbox';
  },
};

const names = {
  in: ({ from }) => (from ? `User ${from}` : 'The application'),
  out: ({ to }) => `To user ${to}`,
  note: () => '',
};

/** Whether the reader is at the end, and so wants to stay there. */
let atEnd = true;
const toEnd = () => {
  messages.scrollTop = messages.scrollHeight;
};
messages.addEventListener('scroll', () => {
  atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
});
new ResizeObserver(() => atEnd && toEnd()).observe(messages);

/** Shows an entry of the log. Answers how to show it anew when it has changed. */
export function showEntry(entry) {
  const item = template.content.cloneNode(true).firstElementChild;
  const part = (name) => item.querySelector(name);
  const update = () => {
    item.dataset.kind = entry.kind;
    item.dataset.status = entry.status ?? (entry.queued ? 'queued' : '');
    if (entry.id) item.dataset.id = entry.id;
    dress(part('.avatar'), entry.kind === 'out' ? entry.to : entry.from);
    part('.from').textContent = names[entry.kind](entry);
    part('.event').textContent = entry.event && entry.event !== 'chat' ? entry.event : '';
    part('.body').textContent = entry.text;
    part('time').textContent = clock.format(entry.at);
    part('time').dateTime = new Date(entry.at).toISOString();
    part('.badge').textContent = badges[entry.kind]?.(entry) ?? '';
  };
  update();
  messages.append(item);
  while (messages.childElementCount > longest) messages.firstElementChild.remove();
  get('empty').hidden = true;
  if (atEnd || entry.kind === 'out') toEnd();
  return update;
}

/** The text area grows with what is written in it. */
function fit() {
  const { text } = elements;
  text.style.height = 'auto';
  const border = text.offsetHeight - text.clientHeight;
  text.style.height = `${Math.min(text.scrollHeight + border, 160)}px`;
}

elements.text.addEventListener('input', fit);
elements.text.addEventListener('keydown', (event) => {
  // Not while an input method composes: there Enter chooses a word.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  elements.composer.requestSubmit();
});

export function clearText() {
  elements.text.value = '';
  fit();
  elements.text.focus();
}

// Out of the way on a small screen, open where there is room.
get('facts').open = matchMedia('(min-width: 800px)').matches;

// A window of its own shows best that these are two users; with a modifier key the browser decides.
elements.another.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(elements.another.href, '_blank', 'popup,noopener,width=480,height=760');
});
