// The sockets of one case.

import { pattern } from "./values.mjs";
import { event } from "./waiting.mjs";

// What a case may ask for; whatever it opened is closed when it ends.
export class Session {
  #settings;
  #sockets = [];

  constructor(settings) {
    this.#settings = settings;
  }

  get major() {
    return this.#settings.major;
  }

  /** Whether the client speaks revision 3 of Engine.IO. */
  get isVersion2() {
    return this.#settings.major <= 2;
  }

  /** Whether the client has socket.io-msgpack-parser. */
  get msgpack() {
    return this.#settings.msgpack;
  }

  /** The options that carry a token to a namespace. */
  login(token) {
    return this.isVersion2 ? { query: { token } } : { auth: { token } };
  }

  /** The next refusal of a namespace: what a client of this version gets to see of it. */
  async refusal(socket) {
    const [error] = await event(socket, this.isVersion2 ? "error" : "connect_error");
    return error;
  }

  /** So many bytes that differ, as a client of this version takes them. */
  bytes(size) {
    const bytes = pattern(size);
    // In browsers that parser makes an object of a view, with a member for each byte.
    if (!this.isVersion2 && !this.msgpack) return bytes;
    return typeof Buffer === "undefined" ? bytes.buffer : Buffer.from(bytes);
  }

  get transports() {
    return this.#settings.transports;
  }

  get loadClients() {
    return this.#settings.loadClients;
  }

  /** A socket on a connection of its own, not yet connected. */
  open(namespace = "/", options = {}) {
    const { io, url, transports, clientOptions } = this.#settings;
    const defaults = { transports, forceNew: true, reconnection: false, ...clientOptions };
    const socket = io(url + namespace, { ...defaults, ...options });
    this.keep(socket);
    return socket;
  }

  /** A connected socket on a connection of its own. */
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

  // A browser has six connections to a server. Polls that wait to be ended must not keep those of the next case waiting.
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
