// The sockets of one case.

import { pattern } from "./values.mjs";
import { event } from "./waiting.mjs";

// Opens sockets for a case and closes them when it ends.
export class Session {
  #settings;
  #sockets = [];

  constructor(settings) {
    this.#settings = settings;
  }

  get major() {
    return this.#settings.major;
  }

  /** Whether the client uses protocol revision 3 of Engine.IO. */
  get isVersion2() {
    return this.#settings.major <= 2;
  }

  /** Whether the client uses socket.io-msgpack-parser. */
  get msgpack() {
    return this.#settings.msgpack;
  }

  /** Returns the options that send a token to a namespace. */
  login(token) {
    return this.isVersion2 ? { query: { token } } : { auth: { token } };
  }

  /** Waits for a namespace to refuse the socket and returns the error in the form of this client version. */
  async refusal(socket) {
    const [error] = await event(socket, this.isVersion2 ? "error" : "connect_error");
    return error;
  }

  /** Returns `size` varying bytes in a type that this client version supports. */
  bytes(size) {
    const bytes = pattern(size);
    // In browsers, the parser encodes a view as an object with a member for each byte.
    if (!this.isVersion2 && !this.msgpack) return bytes;
    return typeof Buffer === "undefined" ? bytes.buffer : Buffer.from(bytes);
  }

  get transports() {
    return this.#settings.transports;
  }

  get loadClients() {
    return this.#settings.loadClients;
  }

  /** Opens a socket on a new connection without waiting for it. */
  open(namespace = "/", options = {}) {
    const { io, url, transports, clientOptions } = this.#settings;
    const defaults = { transports, forceNew: true, reconnection: false, ...clientOptions };
    const socket = io(url + namespace, { ...defaults, ...options });
    this.keep(socket);
    return socket;
  }

  /** Opens a socket on a new connection and waits until it is connected. */
  async connected(namespace = "/", options = {}) {
    const socket = this.open(namespace, options);
    const failure = new Promise((_, reject) => {
      for (const name of ["connect_error", "error"]) {
        socket.on(name, (error) => reject(new Error(`${name}: ${error?.message ?? error}`)));
      }
    });
    await Promise.race([event(socket, "connect"), failure]);
    return socket;
  }

  several(count) {
    return Promise.all(Array.from({ length: count }, () => this.connected()));
  }

  keep(socket) {
    this.#sockets.push(socket);
  }

  // A browser opens at most six connections to a server. Pending polls must not delay the polls of the next case.
  async close() {
    const closed = this.#sockets.map(async (socket) => {
      socket.io.reconnection?.(false);
      socket.disconnect();
      const { engine } = socket.io;
      engine?.close();
      if (engine && engine.readyState !== "closed") await event(engine, "close");
    });
    await Promise.allSettled(closed);
  }
}
