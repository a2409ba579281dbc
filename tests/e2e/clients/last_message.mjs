// Records which of the last messages of their sessions socket.io-client receives in Node.
//
//   node last_message.mjs --control http://127.0.0.1:4000 [--client socket.io-client] [--transports polling,websocket]
//     [--ends disconnect,server-close] [--lasts event,ack,both] [--reconnects false,true] [--clients 20] [--batch 10]
//     [--seed 1]
//
// The control routes are those of last-message-server.mjs. Prints a JSON line for each sequence of observations of each
// scenario, with the number of clients that made these observations.
//
// Each batch of clients has its own server. The session of a client ends up to SPREAD_MS after the client has joined.
// In every second batch the clients open at once, so that most of them still upgrade at the end.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";

import { nextTick } from "./waiting.mjs";

// The ends that the client requests for its own session. The others are requested from the control for all sessions.
const OWN_ENDS = ["disconnect", "disconnect-close", "conn-close"];
const SPREAD_MS = 50;
// Longer than any test.
const NEVER_MS = 3_600_000;
const WAIT_MS = 20_000;

const { values: options } = parseArgs({
  options: {
    control: { type: "string" },
    client: { type: "string", default: "socket.io-client" },
    transports: { type: "string", default: "polling,websocket" },
    ends: { type: "string", default: [...OWN_ENDS, "broadcast", "broadcast-close", "server-close"].join() },
    lasts: { type: "string", default: "event,ack,both" },
    // Whether clients connect again immediately after the end.
    reconnects: { type: "string", default: "false,true" },
    clients: { type: "string", default: "20" },
    batch: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
if (!options.control) {
  console.error("missing option --control: add --control http://127.0.0.1:PORT");
  process.exit(2);
}

const client = createRequire(import.meta.url)(options.client);
const io = client.io ?? client;
const transports = options.transports.split(",");
const random = mulberry32(Number(options.seed));

async function scenario(settings) {
  const counts = new Map(); // sequence of observations, as JSON -> number of clients
  const size = Number(options.batch);
  for (let done = 0; done < Number(options.clients); done += size) {
    const count = Math.min(size, Number(options.clients) - done);
    const spread = (done / size) % 2 === 0 ? SPREAD_MS : 0;
    for (const observed of await batch(count, spread, settings)) {
      const key = JSON.stringify(observed);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  for (const [key, count] of counts) console.log(JSON.stringify({ ...settings, observed: JSON.parse(key), count }));
}

// Runs clients against a new server and returns the observations of each. They open within `spread` milliseconds.
async function batch(count, spread, settings) {
  const port = await control("POST", "/servers");
  const clients = Array.from({ length: count }, () => new Client(port, settings));
  const opened = clients.map(async (client) => {
    await wait(random() * spread);
    client.open();
  });
  await Promise.all(opened);
  if (!OWN_ENDS.includes(settings.end)) {
    await control("POST", `/servers/${port}/end?clients=${count}&last=${settings.last}&end=${settings.end}`);
  }
  await Promise.all(clients.map((client) => client.ended));
  for (const client of clients) client.leave();
  await settle(port, clients);
  await control("DELETE", `/servers/${port}`);
  for (const client of clients) client.stop();
  return clients.map((client) => client.observed);
}

// Waits until neither side has an open connection and all messages that have arrived are handled.
async function settle(port, clients) {
  const until = Date.now() + WAIT_MS;
  const isSettled = async () =>
    clients.every((client) => client.isClosed) && (await control("GET", `/servers/${port}/sessions`)) === "0";
  while (!(await isSettled())) {
    if (Date.now() > until) {
      for (const client of clients) client.observe(`not settled: ${client.state}`);
      break;
    }
    await nextTick();
  }
  for (let i = 0; i < 5; i++) await nextTick();
}

class Client {
  observed = [];
  #port;
  #settings;
  #socket;
  #isLeaving = false;
  #end;

  constructor(port, settings) {
    this.#port = port;
    this.#settings = settings;
    // Resolves when the session has ended, and with `reconnect` when the next one is usable.
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    setTimeout(() => this.#end(), WAIT_MS).unref();
  }

  open() {
    const delay = this.#settings.reconnect ? 1 : NEVER_MS;
    this.#socket = io(`http://127.0.0.1:${this.#port}`, {
      transports,
      forceNew: true,
      reconnectionDelay: delay,
      reconnectionDelayMax: delay,
    });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("last", (value) => this.observe(`event ${value}`));
    this.#socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.#socket.on("connect_error", (error) => this.observe(`connect_error ${error?.message ?? error}`));
  }

  observe(what) {
    if (!this.#isLeaving) this.observed.push(what);
  }

  /** Disconnects a client that has connected again. */
  leave() {
    if (this.#settings.reconnect) {
      this.#isLeaving = true;
      this.#socket.disconnect();
    }
  }

  /** Prevents the next connection attempt. */
  stop() {
    this.#isLeaving = true;
    this.#socket.io.reconnection(false);
    this.#socket.disconnect();
  }

  get isClosed() {
    return this.#socket.io.engine.readyState === "closed";
  }

  get state() {
    return this.#socket.io.engine.readyState;
  }

  #connected() {
    const { end, last } = this.#settings;
    const isFirst = !this.observed.includes("connect");
    this.observe("connect");
    const answered = (value) => this.observe(`ack ${value}`);
    if (!isFirst) this.#socket.emit("fence", () => this.#end());
    else if (!OWN_ENDS.includes(end)) this.#socket.emit("hold", answered);
    // Half of the sessions end in the handler, and the others later.
    else this.#socket.emit("finish", last, end, Math.max(0, Math.floor((random() * 2 - 1) * SPREAD_MS)), answered);
  }

  #disconnected(reason) {
    this.observe(`disconnect ${reason}`);
    if (!this.#settings.reconnect) this.#end();
    // After this reason, the client leaves it to the application.
    else if (reason === "io server disconnect" && !this.#isLeaving) this.#socket.connect();
  }
}

async function control(method, path) {
  const response = await fetch(options.control + path, { method });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.text();
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// A random number generator with a seed.
function mulberry32(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

for (const end of options.ends.split(",")) {
  for (const last of options.lasts.split(",")) {
    for (const reconnect of options.reconnects.split(",").map((value) => value === "true")) {
      // A closed server accepts no clients.
      if (!(reconnect && end === "server-close")) await scenario({ end, last, reconnect });
    }
  }
}
process.exit(0);
