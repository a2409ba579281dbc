// The sockets of one case.

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

  get transports() {
    return this.#settings.transports;
  }

  get loadClients() {
    return this.#settings.loadClients;
  }

  /** A socket on a connection of its own, not yet connected. */
  open(namespace = "/", options = {}) {
    const { io, url, transports } = this.#settings;
    const socket = io(url + namespace, { transports, forceNew: true, reconnection: false, ...options });
    this.keep(socket);
    return socket;
  }

  /** A connected socket on a connection of its own. */
  async connected(namespace = "/", options = {}) {
    const socket = this.open(namespace, options);
    const failure = new Promise((_, reject) => {
      socket.on("connect_error", (error) => reject(new Error(`connect_error: ${error?.message ?? error}`)));
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

  close() {
    for (const socket of this.#sockets) {
      socket.io.reconnection?.(false);
      socket.disconnect();
      socket.io.engine?.close();
    }
  }
}
