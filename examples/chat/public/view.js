// The DOM of the page. All input of users is set with `textContent` and never becomes markup.

/** The pause after which the name is shown again for messages of the same user. */
const GROUP_PAUSE = 5 * 60 * 1000;

/** The distance from the end, in pixels, up to which the log follows new messages. */
const NEAR_END = 60;

/** The most elements of the log before it is rendered again. */
const MAX_ELEMENTS = 700;

const LINK = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)])/;
const STATES = { waiting: ['⋯', 'waiting for the connection'], sending: ['◌', 'sending'], sent: ['✓', 'sent'], failed: ['!', 'not sent'] };

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

/** Returns the element with that id. */
export const $ = (id) => document.getElementById(id);

export class View {
  #store;
  #elements = new WeakMap();
  #shown = null;
  /** Whether the log follows new messages, until the user scrolls up. */
  #following = true;
  #failed = {};
  #bannerTimer;

  constructor(store) {
    this.#store = store;
    $('log').addEventListener('scroll', () => {
      const log = $('log');
      this.#following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
      this.markSeen();
    });
    $('jump').addEventListener('click', () => this.#toEnd());
    document.addEventListener('visibilitychange', () => this.markSeen());
    // An on-screen keyboard shrinks the log without a scroll event.
    new ResizeObserver(() => this.#following && this.#toEnd()).observe($('log'));
    this.#bindPanels();
    $('rename-button').addEventListener('click', () => {
      this.formError('rename', '');
      $('new-name').value = this.#store.me?.name ?? '';
      $('rename-dialog').showModal();
      $('new-name').select();
    });
    $('rename-cancel').addEventListener('click', () => $('rename-dialog').close());
  }

  // --- frames ---

  showWelcome(name = '', error = '') {
    $('app').hidden = true;
    $('welcome').hidden = false;
    if (name) $('name').value = name;
    this.formError('enter', error);
    $('name').focus();
  }

  showApp() {
    const first = $('app').hidden;
    $('welcome').hidden = true;
    $('app').hidden = false;
    this.all();
    if (first && matchMedia('(pointer: fine)').matches) $('text').focus();
  }

  all() {
    this.rooms();
    this.head();
    this.members();
    this.log();
    this.typing();
    this.#you();
  }

  /** Shows a banner, for some milliseconds or until the next one. */
  banner(kind, text, duration) {
    clearTimeout(this.#bannerTimer);
    $('banner').className = `banner ${kind}`;
    $('banner').textContent = text;
    if (duration) this.#bannerTimer = setTimeout(() => this.banner('', ''), duration);
  }

  problem(text) {
    if (!$('banner').classList.contains('lost')) this.banner('problem', text, 5000);
  }

  status(connected, transport) {
    const names = { websocket: 'WebSocket', polling: 'polling', webtransport: 'WebTransport' };
    $('status').textContent = connected ? (names[transport] ?? transport) : 'offline';
    $('status').classList.toggle('on', connected);
    $('status').title = connected ? `Connected by ${$('status').textContent}` : 'Not connected';
  }

  formError(form, text) {
    $(`${form}-error`).textContent = text;
    $(form).querySelector('input')?.setAttribute('aria-invalid', String(text !== ''));
  }

  // --- rooms ---

  rooms() {
    const rooms = [...this.#store.rooms.values()].sort((a, b) => a.name.localeCompare(b.name));
    const joined = rooms.filter((room) => room.joined || room === this.#store.open);
    const others = rooms.filter((room) => !joined.includes(room));
    fill($('joined-rooms'), joined.map((room) => this.#room(room)));
    fill($('other-rooms'), others.map((room) => this.#room(room)));
    $('other-title').hidden = others.length === 0;
    const elsewhere = this.#store.joined.some((room) => room !== this.#store.open && room.unread > 0);
    $('menu-badge').hidden = !elsewhere;
    const { unread } = this.#store;
    document.title = `${unread ? `(${unread}) ` : ''}#${this.#store.current} – Chat`;
  }

  #room(room) {
    const button = make('button', 'room', make('span', 'hash', '#'), make('span', 'label', room.name));
    button.type = 'button';
    button.dataset.room = room.name;
    if (room === this.#store.open) button.setAttribute('aria-current', 'true');
    if (room.unread > 0) {
      button.classList.add('unread');
      button.append(make('span', 'badge', room.unread > 99 ? '99+' : String(room.unread)), make('span', 'sr', ' unread'));
    } else {
      button.append(make('span', 'count', String(room.count)), make('span', 'sr', room.count === 1 ? ' person' : ' people'));
    }
    return make('li', '', button);
  }

  head() {
    const room = this.#store.open;
    const count = room.fresh ? room.members.size : room.count;
    $('room-title').textContent = `#${room.name}`;
    $('room-count').textContent = count === 1 ? '1 person' : `${count} people`;
    $('leave').hidden = !room.joined || this.#store.joined.length < 2;
    $('text').placeholder = `Message #${room.name}`;
  }

  members() {
    const me = this.#store.me?.id;
    const members = [...this.#store.open.members];
    members.sort(([a, x], [b, y]) => (b === me) - (a === me) || x.localeCompare(y));
    fill($('members'), members.map(([id, name]) => {
      const item = make('li', '', avatar(id, name), make('span', 'name', name));
      if (id === me) item.append(make('span', 'muted', 'you'));
      return item;
    }));
    $('members-title').textContent = `In this room · ${members.length}`;
    this.head();
  }

  typing() {
    const names = [...this.#store.open.typing.values()].map((typist) => typist.name);
    const texts = [
      '',
      `${names[0]} is typing`,
      `${names[0]} and ${names[1]} are typing`,
      `${names[0]}, ${names[1]} and ${names[2]} are typing`,
    ];
    $('typing').textContent = texts[names.length] ?? 'Several people are typing';
    $('typing').classList.toggle('active', names.length > 0);
  }

  #you() {
    const { me } = this.#store;
    if (!me) return;
    paint($('my-avatar'), me.id, me.name);
    $('my-name').textContent = me.name;
  }

  // --- the log ---

  /** Renders the log of the open room. */
  log() {
    const room = this.#store.open;
    const log = $('log');
    const stay = this.#shown === room && !this.#following ? log.scrollTop : null;
    this.#shown = room;
    log.setAttribute('aria-busy', 'true');
    const nodes = room.items.flatMap((item, index) => this.#nodes(item, room.items[index - 1]));
    if (nodes.length === 0 && room.fresh) nodes.push(make('p', 'empty', 'Nothing has been said here yet. Say hello!'));
    log.replaceChildren(...nodes);
    log.removeAttribute('aria-busy');
    const divider = log.querySelector('.new');
    if (stay !== null) log.scrollTop = stay;
    else if (divider) this.#toDivider(divider);
    else this.#toEnd();
    this.markSeen();
  }

  /** Appends the last item of the room. */
  append(item, toEnd = false) {
    const { items } = this.#store.open;
    const log = $('log');
    if (log.childElementCount > MAX_ELEMENTS) {
      this.log();
      return;
    }
    const follow = toEnd || this.#following;
    log.querySelector('.empty')?.remove();
    log.append(...this.#nodes(item, items[items.indexOf(item) - 1]));
    if (follow) this.#toEnd();
    this.markSeen();
  }

  /** Updates the state of a sent message. */
  settle(item) {
    const element = this.#elements.get(item);
    if (!element) return;
    const follow = this.#following;
    const [sign, words] = STATES[item.state] ?? STATES.sent;
    element.dataset.state = item.state ?? 'sent';
    if (item.id) element.dataset.id = item.id;
    element.querySelector('.state').replaceChildren(sign, make('span', 'sr', words));
    element.querySelector('.state').title = words;
    element.querySelector('.failure')?.remove();
    if (item.state === 'failed') {
      const retry = action('Try again', () => this.#failed.retry(item));
      const edit = action('Edit', () => this.#failed.edit(item));
      const failure = make('p', 'failure', make('span', '', `Not sent. ${item.reason}`), retry, edit);
      failure.setAttribute('role', 'alert');
      element.querySelector('.body').append(failure);
    }
    if (follow) this.#toEnd();
  }

  /** Marks the newest message of the open room as read. */
  markSeen() {
    const room = this.#store.open;
    const visible = document.visibilityState === 'visible' && !$('app').hidden;
    if (room.fresh && visible && this.#following && room.seen !== room.last) {
      room.seen = room.last;
      this.rooms();
      this.#store.save();
    }
    const { unread } = room;
    $('jump').hidden = this.#following;
    $('jump').lastElementChild.textContent = unread ? `${unread} new` : 'Latest';
  }

  #toDivider(divider) {
    const log = $('log');
    log.scrollTop = divider.offsetTop - log.clientHeight / 3;
    this.#following = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  }

  #toEnd() {
    this.#following = true;
    $('log').scrollTop = $('log').scrollHeight;
  }

  #nodes(item, before) {
    const nodes = [];
    const room = this.#store.open;
    const day = new Date(item.at).toDateString();
    if (!before || new Date(before.at).toDateString() !== day) {
      const today = day === new Date().toDateString();
      nodes.push(make('p', 'day', make('span', '', today ? 'Today' : dayFormat.format(item.at))));
    }
    const isNew = room.divider !== null && item.id > room.divider;
    const wasNew = room.items.some((other) => other.id > room.divider && other.id < item.id);
    const divided = isNew && !wasNew;
    if (divided) nodes.push(make('p', 'new', make('span', '', 'New')));
    if (item.kind === 'notice') {
      nodes.push(make('p', 'notice', `${item.text} · `, time(item.at)));
      return nodes;
    }
    const continued = !divided && nodes.length === 0 && before?.kind === 'message'
      && before.from.id === item.from.id && before.from.name === item.from.name && item.at - before.at < GROUP_PAUSE;
    nodes.push(this.#message(item, continued));
    return nodes;
  }

  #message(item, continued) {
    const mine = item.from.id === this.#store.me?.id;
    const text = make('span', 'text', ...linked(item.text));
    text.dir = 'auto';
    const meta = make('span', 'meta', time(item.at));
    if (mine) meta.append(make('span', 'state'));
    const by = make('p', mine || continued ? 'sr' : 'by', mine ? 'You' : item.from.name);
    by.style.setProperty('--hue', hue(item.from.id));
    const body = make('div', 'body', by, make('div', 'bubble', text, meta));
    const element = make('article', `message${mine ? ' mine' : ''}${continued ? ' continued' : ''}`);
    if (!mine) element.append(avatar(item.from.id, item.from.name));
    element.append(body);
    if (item.id) element.dataset.id = item.id;
    this.#elements.set(item, element);
    if (mine) this.settle(item);
    return element;
  }

  // --- actions of the user ---

  /** Runs `action` with the fields of a submitted form, and shows the error that it throws. */
  onForm(id, action) {
    const form = $(id);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const button = form.querySelector('[type=submit]');
      if (button.disabled) return;
      button.disabled = true;
      this.formError(id, '');
      try {
        await action(Object.fromEntries(new FormData(form)));
      } catch (error) {
        this.formError(id, error.message);
        form.querySelector('input').focus();
      } finally {
        button.disabled = false;
      }
    });
    form.addEventListener('input', () => this.formError(id, ''));
  }

  onRoom(choose) {
    $('rooms-panel').addEventListener('click', (event) => {
      const name = event.target.closest('[data-room]')?.dataset.room;
      if (name) choose(name);
    });
    document.addEventListener('keydown', (event) => {
      if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') || $('app').hidden) return;
      event.preventDefault();
      const names = this.#store.joined.map((room) => room.name).sort((a, b) => a.localeCompare(b));
      const step = event.key === 'ArrowUp' ? names.length - 1 : 1;
      const next = names[(names.indexOf(this.#store.current) + step) % names.length];
      if (next) choose(next);
    });
  }

  onCompose({ post, typing, stopTyping }) {
    const text = $('text');
    $('compose').addEventListener('submit', (event) => {
      event.preventDefault();
      const message = text.value.trim();
      if (!message || this.#tooLong(message)) return;
      stopTyping();
      this.compose('');
      post(message);
      text.focus();
    });
    text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      $('compose').requestSubmit();
    });
    text.addEventListener('input', () => {
      this.#measure();
      if (text.value.trim()) typing();
      else stopTyping();
    });
  }

  onFailed(actions) {
    this.#failed = actions;
  }

  /** Sets the text of the composer. */
  compose(value) {
    $('text').value = value;
    this.#measure();
  }

  #measure() {
    const text = $('text');
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight}px`;
    const left = this.#store.limits.message - [...text.value.trim()].length;
    $('counter').textContent = left < 0 ? `${-left} too many` : left < 200 ? `${left} left` : '';
    $('counter').classList.toggle('over', left < 0);
    if (left >= 0) $('compose-error').textContent = '';
    $('send').disabled = text.value.trim() === '';
  }

  #tooLong(message) {
    const { message: max } = this.#store.limits;
    const { length } = [...message];
    if (length > max) $('compose-error').textContent = `The message has ${length} characters. Shorten it to ${max}.`;
    return length > max;
  }

  // --- panels of narrow screens ---

  closePanels(focus = null) {
    for (const name of ['rooms', 'members']) {
      $(`${name}-panel`).classList.remove('open');
      $(`open-${name}`).setAttribute('aria-expanded', 'false');
    }
    $('scrim').classList.remove('open');
    focus?.focus();
  }

  #bindPanels() {
    let opener = null;
    for (const name of ['rooms', 'members']) {
      $(`open-${name}`).addEventListener('click', () => {
        opener = $(`open-${name}`);
        this.closePanels();
        $(`${name}-panel`).classList.add('open');
        $('scrim').classList.add('open');
        opener.setAttribute('aria-expanded', 'true');
        $(`${name}-panel`).querySelector('button').focus();
      });
      $(`${name}-panel`).querySelector('.close-panel').addEventListener('click', () => this.closePanels(opener));
    }
    $('scrim').addEventListener('click', () => this.closePanels(opener));
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && $('scrim').classList.contains('open')) this.closePanels(opener);
    });
  }
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Replaces the children and keeps the focus on the button that had it. */
function fill(list, items) {
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.room : null;
  list.replaceChildren(...items);
  if (focused) list.querySelector(`[data-room="${CSS.escape(focused)}"]`)?.focus();
}

function action(text, run) {
  const button = make('button', 'link', text);
  button.type = 'button';
  button.addEventListener('click', run);
  return button;
}

function time(at) {
  const element = make('time', '', timeFormat.format(at));
  element.dateTime = new Date(at).toISOString();
  element.title = `${dayFormat.format(at)}, ${timeFormat.format(at)}`;
  return element;
}

function linked(text) {
  return text.split(LINK).map((part, index) => {
    if (index % 2 === 0) return part;
    return Object.assign(make('a', '', part), { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' });
  });
}

function avatar(id, name) {
  const element = make('span', 'avatar');
  element.setAttribute('aria-hidden', 'true');
  paint(element, id, name);
  return element;
}

function paint(element, id, name) {
  const initials = name.split(/[\s-]+/).map((word) => [...word][0] ?? '');
  element.textContent = initials.slice(0, 2).join('').toUpperCase();
  element.style.setProperty('--hue', hue(id));
}

/** Returns a colour for a number. Neighbouring numbers have distant colours. */
function hue(id) {
  return Math.round((id * 137.508) % 360);
}
