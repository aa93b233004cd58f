/** Everything that touches the page. Data only ever becomes text, never HTML. */
const get = (id) => document.getElementById(id);
const messages = get('messages');
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export const elements = { composer: get('composer'), text: get('text'), another: get('another') };

export const nameOf = (user) => (user ? `User ${user}` : 'A guest');

function dress(avatar, user) {
  avatar.style.setProperty('--hue', `${(Number(user ?? 0) * 137.5) % 360}`);
  avatar.textContent = user ? String(user).slice(-2) : '•';
}

export function showAccount(user) {
  get('user').textContent = nameOf(user);
  dress(get('avatar'), user);
  document.title = `${nameOf(user)} · The chat room`;
}

export function showBanner(text, action = '', onAction = undefined) {
  const button = get('banner-button');
  get('banner').hidden = text === '';
  get('banner-text').textContent = text;
  button.hidden = action === '';
  button.textContent = action;
  button.onclick = onAction;
}

const states = {
  connecting: () => 'connecting…',
  online: () => 'online',
  waiting: ({ retryIn }) =>
    Number.isFinite(retryIn) ? `offline, trying again in ${Math.ceil(retryIn / 1000)} s` : 'asleep',
  closed: () => 'closed',
};

export function showState({ state, holdsSocket }) {
  const pill = get('state');
  pill.dataset.state = state.name;
  pill.textContent = states[state.name](state);
  get('socket').textContent = holdsSocket
    ? 'This tab has the socket'
    : 'Another tab has the socket, this one shares it';
}

let atEnd = true;
const toEnd = () => {
  messages.scrollTop = messages.scrollHeight;
};
messages.addEventListener('scroll', () => {
  atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
});
new ResizeObserver(() => atEnd && toEnd()).observe(messages);

/** Whether the message is on the page; our own one stands there without an id until it is read back. */
function isShown(id, mine, text) {
  if (messages.querySelector(`[data-id="${CSS.escape(id)}"]`)) return true;
  const own = mine && [...messages.querySelectorAll('[data-status="sent"]:not([data-id])')];
  const found = own
    ? own.find((item) => item.querySelector('.body').textContent === text)
    : undefined;
  if (found) found.dataset.id = id;
  return found !== undefined;
}

/** Shows a message where its time puts it, once. Answers how to change what stands below it. */
export function showMessage({ id, user, mine, text, time, history, badge = '' }) {
  if (id && isShown(id, mine, text)) return undefined;
  const item = get('message').content.cloneNode(true).firstElementChild;
  const part = (name) => item.querySelector(name);
  item.dataset.kind = mine ? 'out' : 'in';
  item.dataset.time = time;
  if (id) item.dataset.id = id;
  item.classList.toggle('history', Boolean(history));
  dress(part('.avatar'), user);
  part('.who').textContent = mine ? '' : nameOf(user);
  part('.body').textContent = text;
  part('time').textContent = clock.format(time);
  part('.badge').textContent = badge;
  const later = [...messages.children].find((other) => Number(other.dataset.time) > time);
  messages.insertBefore(item, later ?? null);
  get('empty').hidden = true;
  if (atEnd || mine) toEnd();
  return (status, words) => {
    item.dataset.status = status;
    part('.badge').textContent = words;
  };
}

/** `people`: `{user, online, note}`. */
function showPeople(list, people) {
  list.replaceChildren(
    ...people.map(({ user, online, note }) => {
      const item = get('person').content.cloneNode(true).firstElementChild;
      const dot = item.querySelector('.dot');
      dot.dataset.online = online;
      dot.title = online ? 'online' : 'offline';
      dress(item.querySelector('.avatar'), user);
      item.querySelector('.who').textContent = nameOf(user);
      item.querySelector('.quiet').textContent = note;
      return item;
    }),
  );
}

export function showHere(people) {
  get('count').textContent = people.length;
  showPeople(get('here'), people);
}

export function showKnown(people) {
  get('known-part').hidden = people.length === 0;
  showPeople(get('known'), people);
}

export function showTyping(users) {
  const names = users.map(nameOf).join(' and ');
  get('typing').textContent = users.length
    ? `${names} ${users.length > 1 ? 'are' : 'is'} typing…`
    : '';
}
