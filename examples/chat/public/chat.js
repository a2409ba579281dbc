// Connects the page to the server: events of the server update the state, and actions of the user emit events.

import { loadClient } from './client.js';
import { randomKey, Store } from './store.js';
import { $, View } from './view.js';

/** The timeout of acknowledgements in milliseconds. */
const ANSWER_TIMEOUT = 8000;

/** The time that a user is shown as typing after an event, and the interval of our own events. */
const TYPING_SHOWN = 5000;
const TYPING_EVERY = 2000;

const store = new Store();
const view = new View(store);
let socket = null;
let entered = false;
let typingSince = 0;

if (store.name) view.showApp();
else view.showWelcome();
bind();
try {
  const io = await loadClient();
  socket = io();
  listen();
} catch (error) {
  view.banner('lost', error.message);
}

// --- the server -----------------------------------------------------------------------------------

function listen() {
  socket.on('connect', () => {
    showStatus();
    socket.io.engine.on('upgrade', showStatus);
    if (store.name) enter(store.name);
  });
  socket.on('disconnect', (reason) => {
    entered = false;
    for (const room of store.rooms.values()) {
      room.fresh = false;
      room.typing.clear();
    }
    view.typing();
    showStatus();
    if ($('replaced').open) return;
    if (store.name) view.banner('lost', 'Connection lost. Reconnecting…');
    // The client reconnects, except after a disconnect by the server.
    if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 1000);
  });
  socket.on('connect_error', (error) => {
    showStatus();
    if (socket.active) view.banner('lost', 'The server cannot be reached. Trying again…');
    else view.banner('lost', `The server refused the connection: ${error.message}`);
  });

  socket.on('message', (message) => {
    const room = store.room(message.room);
    room.typing.delete(message.from.id);
    const { added, item, inOrder } = room.add(message);
    if (added && room === store.open) {
      if (inOrder) view.append(item);
      else view.log();
      view.typing();
      view.markSeen();
    }
    view.rooms();
    store.save();
  });
  socket.on('joined', ({ room, user, at }) => presence(room, at, `${user.name} joined`, (members) => members.set(user.id, user.name)));
  socket.on('left', ({ room, user, at }) => presence(room, at, `${user.name} left`, (members) => members.delete(user.id)));
  socket.on('renamed', (user) => {
    for (const room of store.joined) {
      const before = room.members.get(user.id);
      if (before === undefined) continue;
      room.members.set(user.id, user.name);
      notice(room, Date.now(), `${before} is now ${user.name}`);
    }
    view.members();
  });
  socket.on('room', (summary) => {
    const room = store.room(summary.name);
    room.count = summary.count;
    // The messages of a joined room are counted when they arrive. This event must not overtake them.
    if (!room.joined) room.last = summary.last;
    view.rooms();
    if (room === store.open) view.head();
  });
  socket.on('removed', (name) => {
    if (!store.rooms.get(name)?.joined) store.rooms.delete(name);
    view.rooms();
  });
  socket.on('typing', ({ room: name, user, active }) => {
    const room = store.room(name);
    clearTimeout(room.typing.get(user.id)?.timer);
    if (active) {
      const timer = setTimeout(() => {
        room.typing.delete(user.id);
        view.typing();
      }, TYPING_SHOWN);
      room.typing.set(user.id, { name: user.name, timer });
    } else {
      room.typing.delete(user.id);
    }
    if (room === store.open) view.typing();
  });
  socket.on('replaced', () => {
    socket.disconnect();
    view.banner('', '');
    $('replaced').showModal();
  });
}

function presence(name, at, text, change) {
  const room = store.room(name);
  change(room.members);
  notice(room, at, text);
  if (room === store.open) {
    view.members();
    view.typing();
  }
}

function notice(room, at, text) {
  if (!room.fresh) return;
  const item = { kind: 'notice', at, text };
  room.items.push(item);
  if (room === store.open) view.append(item);
}

/** Emits an event and returns its acknowledgement. Throws if that is an `error`. */
async function ask(event, data) {
  let answer;
  try {
    answer = await socket.timeout(ANSWER_TIMEOUT).emitWithAck(event, data);
  } catch {
    throw new Error('The server did not answer. Try again.');
  }
  if (answer?.error) throw new Error(answer.error);
  return answer;
}

async function enter(name) {
  const rooms = store.joined.map((room) => room.name);
  let answer;
  try {
    answer = await ask('enter', { key: store.key, name, rooms });
  } catch (error) {
    if (!socket.connected) return;
    view.banner('', '');
    view.showWelcome(name, error.message);
    return;
  }
  const returning = store.me !== null;
  entered = true;
  store.me = answer.you;
  store.name = answer.you.name;
  store.limits = answer.limits;
  const orphans = store.takeRooms(answer.rooms, answer.joined);
  view.showApp();
  await openRoom(store.current);
  flush();
  if (returning) view.banner('back', 'Back online', 2000);
  else view.banner('', '');
  if (orphans.length > 0) {
    view.compose([$('text').value, ...orphans].filter(Boolean).join('\n'));
    view.problem('A room is gone. What you wrote there is in the field below.');
  }
}

async function openRoom(name) {
  const room = store.room(name);
  if (room !== store.open) switchTo(room);
  if (room.joined && room.fresh) return;
  try {
    room.take(await ask('open', { room: name }));
  } catch (error) {
    view.problem(error.message);
    return;
  }
  if (room === store.open) {
    room.divider = room.unread > 0 ? room.seen : null;
    view.all();
  }
  view.rooms();
  store.save();
}

async function createRoom(name) {
  const answer = await ask('create', { room: name });
  const room = store.room(answer.name);
  room.take(answer);
  switchTo(room);
}

function switchTo(room) {
  stopTyping();
  store.open.draft = $('text').value;
  store.current = room.name;
  room.divider = room.unread > 0 ? room.seen : null;
  view.all();
  view.compose(room.draft);
  store.save();
}

async function leaveRoom() {
  const room = store.open;
  try {
    const summary = await ask('leave', { room: room.name });
    Object.assign(room, { joined: false, fresh: false, items: [] });
    if (summary) room.count = summary.count;
  } catch (error) {
    view.problem(error.message);
    return;
  }
  await openRoom((store.joined[0] ?? store.room('general')).name);
}

// --- messages -------------------------------------------------------------------------------------

function post(text) {
  const room = store.open;
  const item = { kind: 'message', room: room.name, from: store.me, text, at: Date.now(), nonce: randomKey(), state: 'waiting' };
  room.items.push(item);
  view.append(item, true);
  send(room, item);
}

/** Sends a message and retries until it is acknowledged. The server identifies it by its nonce. */
async function send(room, item) {
  if (!entered) {
    item.state = 'waiting';
    view.settle(item);
    return;
  }
  item.state = 'sending';
  view.settle(item);
  try {
    const message = await ask('message', { room: room.name, text: item.text, nonce: item.nonce });
    const current = room.items.includes(item);
    const inPlace = current && room.settle(item, message);
    if (room === store.open) {
      if (inPlace) view.settle(item);
      else view.log();
      view.markSeen();
    } else {
      room.seen = Math.max(room.seen, message.id);
    }
  } catch (error) {
    Object.assign(item, socket.connected ? { state: 'failed', reason: error.message } : { state: 'waiting' });
    view.settle(item);
  }
  view.rooms();
  store.save();
}

/** Sends the messages that were written while there was no connection. */
function flush() {
  for (const room of store.joined) {
    for (const item of room.items) if (item.state === 'waiting') send(room, item);
  }
}

function typing() {
  const now = Date.now();
  if (!entered || now - typingSince < TYPING_EVERY) return;
  typingSince = now;
  socket.volatile.emit('typing', { room: store.current, active: true });
}

function stopTyping() {
  if (typingSince && entered) socket.volatile.emit('typing', { room: store.current, active: false });
  typingSince = 0;
}

// --- users ----------------------------------------------------------------------------------------

function bind() {
  view.onForm('enter', async ({ name }) => {
    if (!socket?.connected) throw new Error('There is no connection to the server yet. Try again in a moment.');
    await enter(name);
  });
  view.onForm('create', async ({ room }) => {
    await createRoom(room);
    $('new-room').value = '';
    view.closePanels();
    $('text').focus();
  });
  view.onForm('rename', async ({ name }) => {
    const before = store.me.name;
    store.me = await ask('rename', { name });
    store.name = store.me.name;
    for (const room of store.joined) {
      if (room.members.has(store.me.id)) room.members.set(store.me.id, store.name);
      if (before !== store.name) notice(room, Date.now(), `You are now ${store.name}`);
    }
    $('rename-dialog').close();
    view.all();
    store.save();
  });
  view.onRoom(async (name) => {
    view.closePanels();
    await openRoom(name);
    if (matchMedia('(pointer: fine)').matches) $('text').focus();
  });
  view.onCompose({ post, typing, stopTyping });
  view.onFailed({
    retry: (item) => send(store.open, item),
    edit: (item) => {
      store.open.remove(item);
      view.log();
      view.compose(item.text);
      $('text').focus();
    },
  });
  $('leave').addEventListener('click', leaveRoom);
  $('use-here').addEventListener('click', () => {
    $('replaced').close();
    socket.connect();
  });
  $('replaced').addEventListener('cancel', (event) => event.preventDefault());
}

function showStatus() {
  view.status(socket.connected, socket.connected ? socket.io.engine.transport.name : null);
}
