// The state of the page: the user, the rooms and their messages, without a socket and without the DOM.

const STORED = 'chat';

/** The most messages and notices of one room that the page keeps. */
const MAX_ITEMS = 300;

/** A room. `fresh` is set while its messages, members and counts are up to date. */
export class Room {
  constructor(name) {
    this.name = name;
    this.count = 0;
    this.last = 0;
    this.seen = 0;
    this.joined = false;
    this.fresh = false;
    this.members = new Map();
    this.items = [];
    this.typing = new Map();
    this.draft = '';
    this.divider = null;
  }

  /** The number of unread messages. */
  get unread() {
    return this.joined ? Math.max(0, this.last - this.seen) : 0;
  }

  /** Replaces the content by a view of the server. Unsent messages stay at the end. */
  take(view) {
    const unsent = this.items.filter((item) => item.kind === 'message' && !item.id);
    const sent = new Set(view.messages.map((message) => message.nonce));
    this.members = new Map(view.members.map((member) => [member.id, member.name]));
    this.items = view.messages.map((message) => ({ kind: 'message', ...message }));
    this.items.push(...unsent.filter((item) => !sent.has(item.nonce)));
    this.count = view.count;
    this.last = view.last;
    this.seen = this.joined ? Math.min(this.seen, this.last) : this.last;
    this.joined = true;
    this.fresh = true;
  }

  /** Inserts a message. Returns whether it is new and the last one. */
  add(message) {
    this.last = Math.max(this.last, message.id);
    if (!this.fresh || this.items.some((item) => item.id === message.id)) return { added: false };
    const next = this.items.findIndex((item) => item.id > message.id);
    const item = { kind: 'message', ...message };
    if (next < 0) this.items.push(item);
    else this.items.splice(next, 0, item);
    if (this.items.length > MAX_ITEMS) this.items.splice(0, this.items.length - MAX_ITEMS);
    return { added: true, item, inOrder: next < 0 };
  }

  /** Replaces a sent message by the one of the server. Returns whether its position is still correct. */
  settle(item, message) {
    this.last = Math.max(this.last, message.id);
    const twin = this.items.find((other) => other !== item && other.id === message.id);
    const position = this.items.indexOf(item);
    Object.assign(item, message, { state: 'sent', reason: undefined });
    const later = this.items.slice(position + 1).some((other) => other.id < message.id);
    const earlier = this.items.slice(0, position).some((other) => other.id > message.id);
    if (twin) this.items.splice(this.items.indexOf(twin), 1);
    if (later || earlier) {
      this.items.splice(this.items.indexOf(item), 1);
      const next = this.items.findIndex((other) => other.id > message.id || other.state === 'failed');
      this.items.splice(next < 0 ? this.items.length : next, 0, item);
    }
    return !later && !earlier && !twin;
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
  }
}

/** The whole state. The part that survives a reload is in the session storage. */
export class Store {
  constructor() {
    const stored = read();
    this.key = stored.key ?? randomKey();
    this.name = stored.name ?? null;
    this.current = stored.current ?? 'general';
    this.me = null;
    this.limits = { name: 24, room: 24, message: 2000 };
    this.rooms = new Map();
    for (const [name, seen] of Object.entries(stored.rooms ?? {})) {
      Object.assign(this.room(name), { joined: true, seen });
    }
  }

  /** Returns the room with that name, and creates it if necessary. */
  room(name) {
    let room = this.rooms.get(name);
    if (!room) this.rooms.set(name, (room = new Room(name)));
    return room;
  }

  get open() {
    return this.room(this.current);
  }

  get joined() {
    return [...this.rooms.values()].filter((room) => room.joined);
  }

  get unread() {
    return this.joined.reduce((sum, room) => sum + room.unread, 0);
  }

  /** Updates the list of rooms. Removes rooms that the server does not have, and returns their unsent messages. */
  takeRooms(list, joined) {
    const names = new Set(list.map((room) => room.name));
    const orphans = [];
    for (const room of [...this.rooms.values()]) {
      if (names.has(room.name)) continue;
      orphans.push(...room.items.filter((item) => item.kind === 'message' && !item.id).map((item) => item.text));
      this.rooms.delete(room.name);
    }
    for (const { name, count, last } of list) {
      const room = this.room(name);
      Object.assign(room, { count, last, joined: joined.includes(name), fresh: false });
      room.seen = Math.min(room.seen, last);
    }
    if (!names.has(this.current)) this.current = list[0]?.name ?? 'general';
    return orphans;
  }

  save() {
    const rooms = Object.fromEntries(this.joined.map((room) => [room.name, room.seen]));
    const { key, name, current } = this;
    try {
      sessionStorage.setItem(STORED, JSON.stringify({ key, name, current, rooms }));
    } catch {
      // Without storage, a reload asks for the name again.
    }
  }
}

/** Returns a random key or nonce. `crypto.randomUUID` does not work over plain HTTP. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}
