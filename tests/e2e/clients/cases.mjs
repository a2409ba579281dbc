// The behaviour suite: what a Socket.IO client expects of the application in ../FIXTURE.md.
//
// It runs unchanged in Node and in a browser, so it imports nothing of theirs: the client module is an argument.
// A case never sleeps to see whether something arrives. "Did not arrive" is proved by a fence: a request whose answer
// the server sends later than what is feared.

import { Session } from "./session.mjs";
import { assert, equal, pattern, plain, unique } from "./values.mjs";
import { call, callAll, echo, event, fence, record, turn, until, upgraded, WAIT_MS } from "./waiting.mjs";

const LOAD_EVENTS = 200;

const ODD_NAMES = [
  "",
  "événement ☃ 漢字 😀",
  'quote"back\\slash/',
  "tab\tline\nnul\u0000",
  "with space",
  '[1,"2"]',
];

/**
 * Runs the suite and returns `{ passed, failed }`.
 *
 * - `io`: the client module's connecting function, `major` its major version;
 * - `url`: the server, `transports`: the client's option;
 * - `loadClients`: how many clients the load case connects;
 * - `only`: run the cases whose name contains this; `print`: receives each line of the report.
 */
export async function runSuite({ io, major, url, transports, loadClients, only = "", print }) {
  const settings = { io, major, url, transports, loadClients };
  const totals = { passed: 0, failed: 0 };
  for (const [name, { since = 0, transport, run }] of Object.entries(cases)) {
    if (!name.includes(only)) continue;
    if (major < since) {
      print(`skip ${name}: needs client ${since}.x`);
      continue;
    }
    if (transport && !transport(transports)) continue;
    const session = new Session(settings);
    try {
      await run(session);
      totals.passed += 1;
      print(`ok ${name}`);
    } catch (error) {
      totals.failed += 1;
      print(`not ok ${name}: ${error?.stack ?? error}`);
    } finally {
      session.close();
    }
  }
  if (totals.passed + totals.failed === 0) {
    totals.failed = 1;
    print(`not ok suite: no case is named like "${only}"`);
  }
  print(`${totals.passed} passed, ${totals.failed} failed`);
  return totals;
}

const cases = {
  connect: {
    async run(t) {
      const socket = await t.connected();
      equal(typeof socket.id, "string");
      assert(/^[\w-]{20}$/.test(socket.id), `an id of 20 URL-safe characters, not ${socket.id}`);
      if (t.major > 2) assert(socket.id !== socket.io.engine.id, "the socket's id is the engine's");
      const me = await call(socket, "whoami");
      equal(me.id, socket.id);
      equal(me.nsp, "/");
    },
  },

  "two sockets have different ids": {
    async run(t) {
      const [one, two] = await Promise.all([t.connected(), t.connected()]);
      assert(one.id !== two.id, "the same id twice");
      assert(one.io.engine.id !== two.io.engine.id, "the same engine id twice");
    },
  },

  "auth payload": {
    since: 3,
    async run(t) {
      const auth = { user: "José 😀", roles: ["a", "b"], nested: { deep: [1, null, true] } };
      const socket = await t.connected("/", { auth });
      equal((await call(socket, "whoami")).auth, auth);
    },
  },

  "auth from a function": {
    since: 3,
    async run(t) {
      const socket = await t.connected("/", { auth: (give) => give({ token: "late" }) });
      equal((await call(socket, "whoami")).auth, { token: "late" });
    },
  },

  "no auth is an empty object": {
    since: 3,
    async run(t) {
      const socket = await t.connected();
      equal((await call(socket, "whoami")).auth, {});
    },
  },

  "handshake query": {
    async run(t) {
      const socket = await t.connected("/", { query: { tenant: "a b&c=ü", empty: "" } });
      const { query } = await call(socket, "whoami");
      equal(query.tenant, "a b&c=ü");
      equal(query.empty, "");
      equal(query.EIO, t.major > 2 ? "4" : "3");
      equal(query.transport, t.transports[0]);
    },
  },

  "event without arguments": {
    run: async (t) => equal(await echo(await t.connected()), []),
  },

  "event with one argument": {
    async run(t) {
      const socket = await t.connected();
      const values = [
        "text", "", "quote \" backslash \\ newline \n nul \u0000 separator \u001e \u2028", "😀 漢字", 0, -1, 1.5, 1e21,
        9007199254740991, true, false, null, [], {}, [[[]]], { a: { b: [1, { c: null }] } }, { "": "empty key" },
      ];
      for (const value of values) equal(await echo(socket, value), [value]);
    },
  },

  "event with several arguments": {
    async run(t) {
      const args = [1, "two", [3], { four: 4 }, null, false];
      equal(await echo(await t.connected(), ...args), args);
    },
  },

  "event with a large argument": {
    async run(t) {
      const text = "0123456789abcdéf".repeat(30_000); // 510 000 bytes, half of the limit
      equal(await echo(await t.connected(), text), [text]);
    },
  },

  "object that looks like a placeholder": {
    async run(t) {
      const value = { _placeholder: false, num: 0, constructor: 1 };
      equal(await echo(await t.connected(), value), [value]);
    },
  },

  "unicode and escaped event names": {
    async run(t) {
      const socket = await t.connected();
      for (const name of ODD_NAMES) {
        const back = event(socket, name);
        socket.emit(name, "value", 2);
        equal(await back, ["value", 2]);
      }
    },
  },

  "event named error is harmless": {
    async run(t) {
      const socket = await t.connected();
      if (t.major > 2) socket.emit("error", "boom");
      socket.emit("nobody listens", 1);
      equal(await callAll(socket, "ack", "alive"), ["alive"]);
    },
  },

  "binary argument": {
    async run(t) {
      const socket = await t.connected();
      for (const size of [1, 3, 256, 100_000]) {
        const bytes = pattern(size);
        equal(plain(await echo(socket, bytes)), [plain(bytes)]);
      }
    },
  },

  "empty binary argument": {
    run: async (t) => equal(plain(await echo(await t.connected(), new Uint8Array(0))), [plain(new Uint8Array(0))]),
  },

  "binary nested at depth": {
    async run(t) {
      const args = ["first", { a: [{ b: { c: pattern(5) } }, pattern(2)], d: "text" }, [[[pattern(9)]]], 4];
      equal(plain(await echo(await t.connected(), ...args)), plain(args));
    },
  },

  "ten attachments": {
    async run(t) {
      const parts = Array.from({ length: 10 }, (_, i) => pattern(i + 1));
      equal(plain(await echo(await t.connected(), parts)), plain([parts]));
    },
  },

  "binary in acknowledgements": {
    async run(t) {
      const socket = await t.connected();
      equal(plain(await callAll(socket, "ack", { deep: [pattern(4)] }, "text")), plain([{ deep: [pattern(4)] }, "text"]));
      socket.on("question", (value, answer) => answer({ got: value }));
      const answered = event(socket, "answered");
      socket.emit("ask", pattern(7), WAIT_MS);
      equal(plain(await answered), plain([{ got: pattern(7) }]));
    },
  },

  "ack client to server": {
    async run(t) {
      const socket = await t.connected();
      equal(await callAll(socket, "ack"), []);
      equal(await callAll(socket, "ack", 1), [1]);
      equal(await callAll(socket, "ack", "a", { b: [2] }, null), ["a", { b: [2] }, null]);
    },
  },

  "many acks at once": {
    async run(t) {
      const socket = await t.connected();
      const numbers = Array.from({ length: 100 }, (_, i) => i);
      equal(await Promise.all(numbers.map((i) => call(socket, "ack", i))), numbers);
    },
  },

  "ack server to client": {
    async run(t) {
      const socket = await t.connected();
      socket.on("question", (value, answer) => answer({ twice: value * 2 }));
      const answered = event(socket, "answered");
      socket.emit("ask", 21, WAIT_MS);
      equal(await answered, [{ twice: 42 }]);
    },
  },

  "ack timeout at the server": {
    async run(t) {
      const socket = await t.connected();
      const question = event(socket, "question");
      const unanswered = event(socket, "unanswered");
      socket.emit("ask", "anyone?", 50);
      const answer = (await question).at(-1);
      equal(await unanswered, ["anyone?"]);
      answer("too late"); // is ignored
      equal(await callAll(socket, "ack", "alive"), ["alive"]);
    },
  },

  namespaces: {
    since: 3,
    async run(t) {
      const root = await t.connected();
      const admin = root.io.socket("/admin", { auth: { token: "secret" } });
      t.keep(admin);
      await event(admin, "connect");
      assert(admin.id !== root.id, "two namespaces, one id");
      equal((await call(admin, "whoami")).nsp, "/admin");
      equal((await call(admin, "whoami")).auth, { token: "secret" });
      const strays = record(root, "echo");
      equal(await echo(admin, "in admin"), ["in admin"]);
      await call(root, "ack", "fence");
      equal(strays, []);
      equal(plain(await echo(admin, pattern(3))), plain([pattern(3)]));
    },
  },

  "rooms of two namespaces are apart": {
    since: 3,
    async run(t) {
      const room = unique();
      const root = await t.connected();
      const admin = await t.connected("/admin", { auth: { token: "secret" } });
      await call(root, "join", room);
      await call(admin, "join", room);
      const [atRoot, atAdmin] = [record(root, "news"), record(admin, "news")];
      await call(root, "io-to", { to: [room] }, "news", 1);
      await call(admin, "ack", "fence");
      equal([atRoot, atAdmin], [[1], []]);
    },
  },

  "leaving one namespace keeps the other": {
    since: 3,
    async run(t) {
      const root = await t.connected();
      const admin = root.io.socket("/admin", { auth: { token: "secret" } });
      t.keep(admin);
      await event(admin, "connect");
      const { id } = admin;
      admin.disconnect();
      equal((await call(root, "reason", id)).reason, "client namespace disconnect");
      equal(await echo(root, "still here"), ["still here"]);
    },
  },

  "refusal by middleware": {
    since: 3,
    async run(t) {
      for (const auth of [{}, { token: "wrong" }, { token: ["secret"] }]) {
        const socket = t.open("/admin", { auth });
        const [error] = await event(socket, "connect_error");
        assert(error instanceof Error, "connect_error carries an Error");
        equal(error.message, "not allowed");
        equal(error.data, { code: "E_TOKEN" });
        equal(socket.connected, false);
      }
    },
  },

  "connect again after a refusal": {
    since: 3,
    async run(t) {
      const socket = t.open("/admin", { auth: { token: "wrong" } });
      await event(socket, "connect_error");
      const connected = event(socket, "connect");
      socket.auth = { token: "secret" };
      socket.connect();
      await connected;
      equal((await call(socket, "whoami")).nsp, "/admin");
    },
  },

  "unknown namespace": {
    since: 3,
    async run(t) {
      const [error] = await event(t.open("/unknown"), "connect_error");
      equal(error.message, "Invalid namespace");
      equal(error.data, undefined);
    },
  },

  "rooms: join and leave": {
    async run(t) {
      const socket = await t.connected();
      const [a, b] = [unique(), unique()].sort();
      equal(await call(socket, "join", b), [b]);
      equal(await call(socket, "join", [a, b]), [a, b]);
      equal(await call(socket, "leave", b), [a]);
      equal(await call(socket, "leave", "never joined"), [a]);
      const news = record(socket, "news");
      await call(socket, "io-to", { to: [b] }, "news", "left");
      await call(socket, "io-to", { to: [a] }, "news", "joined");
      equal(news, ["joined"]);
    },
  },

  "rooms: to spares the sender": {
    async run(t) {
      const [room, [one, two, three]] = [unique(), await t.several(3)];
      await Promise.all([call(one, "join", room), call(two, "join", room)]);
      const heard = [one, two, three].map((socket) => record(socket, "news"));
      await call(one, "to", { to: [room] }, "news", "x");
      await fence([one, two, three]);
      equal(heard, [[], ["x"], []]);
    },
  },

  "rooms: except": {
    async run(t) {
      const [[room, quiet], [one, two, three]] = [[unique(), unique()], await t.several(3)];
      await Promise.all([one, two, three].map((socket) => call(socket, "join", room)));
      await call(two, "join", quiet);
      const heard = [one, two, three].map((socket) => record(socket, "news"));
      await call(one, "io-to", { to: [room], except: [quiet] }, "news", "x");
      await call(one, "to", { to: [room], except: [quiet] }, "news", "y");
      await fence([one, two, three]);
      equal(heard, [["x"], [], ["x", "y"]]);
    },
  },

  "rooms: in two targeted rooms, heard once": {
    async run(t) {
      const [[a, b], [one, two]] = [[unique(), unique()], await t.several(2)];
      await Promise.all([call(one, "join", [a, b]), call(two, "join", b)]);
      const heard = [one, two].map((socket) => record(socket, "news"));
      await call(one, "io-to", { to: [a, b] }, "news", "x");
      await fence([one, two]);
      equal(heard, [["x"], ["x"]]);
    },
  },

  "io.to(socket.id)": {
    async run(t) {
      const [one, two, three] = await t.several(3);
      const heard = [one, two, three].map((socket) => record(socket, "news"));
      await call(one, "io-to", { to: [two.id] }, "news", "for two");
      await fence([one, two, three]);
      equal(heard, [[], ["for two"], []]);
    },
  },

  "binary to a room": {
    async run(t) {
      const [room, [one, two]] = [unique(), await t.several(2)];
      await call(two, "join", room);
      const heard = event(two, "news");
      await call(one, "to", { to: [room] }, "news", { bytes: pattern(300) });
      equal(plain(await heard), plain([{ bytes: pattern(300) }]));
    },
  },

  "broadcast spares the sender": {
    async run(t) {
      const [name, [one, two, three]] = [unique(), await t.several(3)];
      const heard = [one, two, three].map((socket) => record(socket, name));
      await call(one, "broadcast", name, "x");
      await fence([one, two, three]);
      equal(heard, [[], ["x"], ["x"]]);
    },
  },

  "disconnect from the client": {
    async run(t) {
      const [socket, witness] = await t.several(2);
      const { id } = socket;
      const gone = event(socket, "disconnect");
      socket.disconnect();
      equal((await gone)[0], "io client disconnect");
      equal((await call(witness, "reason", id)).reason, "client namespace disconnect");
    },
  },

  "rooms are there while disconnecting": {
    async run(t) {
      const [[a, b], [socket, witness]] = [[unique(), unique()].sort(), await t.several(2)];
      await call(socket, "join", [a, b]);
      const { id } = socket;
      socket.disconnect();
      equal((await call(witness, "reason", id)).rooms, [a, b]);
    },
  },

  "disconnect from the server": {
    async run(t) {
      const [socket, witness] = await t.several(2);
      const { id } = socket;
      const gone = event(socket, "disconnect");
      socket.emit("disconnect-me", false);
      equal((await gone)[0], "io server disconnect");
      equal((await call(witness, "reason", id)).reason, "server namespace disconnect");
      // The connection is still there and takes a new CONNECT.
      const connected = event(socket, "connect");
      socket.connect();
      await connected;
      assert(socket.id !== id, "a new session has a new id");
      equal(await echo(socket, "again"), ["again"]);
    },
  },

  "disconnect from the server, transport too": {
    async run(t) {
      const [socket, witness] = await t.several(2);
      const { id } = socket;
      const gone = event(socket, "disconnect");
      socket.emit("disconnect-me", true);
      const [reason] = await gone;
      assert(["io server disconnect", "transport close"].includes(reason), `the client was told "${reason}"`);
      equal((await call(witness, "reason", id)).reason, "server namespace disconnect");
    },
  },

  "transport close reason at the server": {
    async run(t) {
      const [socket, witness] = await t.several(2);
      const { id } = socket;
      socket.io.engine.close();
      equal((await call(witness, "reason", id)).reason, "transport close");
    },
  },

  reconnection: {
    async run(t) {
      const witness = await t.connected();
      const socket = await t.connected("/", { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
      const { id } = socket;
      const gone = event(socket, "disconnect");
      const told = event(t.major > 2 ? socket.io : socket, "reconnect");
      const back = event(socket, "connect");
      socket.emit("close-transport");
      equal((await gone)[0], "transport close");
      assert((await told)[0] >= 1, "the number of the attempt");
      await back;
      assert(socket.id !== id, "a new session has a new id");
      equal(await echo(socket, "again"), ["again"]);
      equal((await call(witness, "reason", id)).reason, "forced close");
    },
  },

  "events sent while away arrive after the reconnection": {
    async run(t) {
      const socket = await t.connected("/", { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
      const gone = event(socket, "disconnect");
      socket.emit("close-transport");
      await gone;
      equal(await echo(socket, "sent while away"), ["sent while away"]);
    },
  },

  "1000 events from the client, in order": {
    async run(t) {
      const socket = await t.connected();
      for (let i = 0; i < 1000; i++) socket.emit("numbered", i);
      equal(await call(socket, "count"), { received: 1000, faults: 0 });
    },
  },

  "1000 events from the server, in order": {
    async run(t) {
      const socket = await t.connected();
      const heard = record(socket, "burst");
      socket.emit("burst", 1000);
      await call(socket, "ack", "fence");
      equal(heard, Array.from({ length: 1000 }, (_, i) => i));
    },
  },

  "events sent the moment the client is told": {
    async run(t) {
      const socket = t.open();
      const heard = record(socket, "burst");
      socket.on("connect", () => {
        for (let i = 0; i < 1000; i++) socket.emit("numbered", i);
        socket.emit("burst", 1000);
      });
      await event(socket, "connect");
      equal(await call(socket, "count"), { received: 1000, faults: 0 });
      equal(heard, Array.from({ length: 1000 }, (_, i) => i));
    },
  },

  upgrade: {
    transport: (transports) => transports.length === 2,
    async run(t) {
      const socket = await t.connected();
      await upgraded(socket);
      equal(socket.io.engine.transport.name, "websocket");
      equal((await call(socket, "whoami")).transport, "websocket");
      equal(plain(await echo(socket, pattern(10))), plain([pattern(10)]));
    },
  },

  "upgrade under load": {
    transport: (transports) => transports.length === 2,
    async run(t) {
      const clients = Array.from({ length: t.loadClients }, () => underLoad(t));
      const results = await Promise.all(clients);
      const wrong = results.filter((result) => result !== "");
      equal(wrong, []);
    },
  },
};

// One client of the load case: numbered events in both directions from before until after its upgrade.
// Returns what went wrong, or an empty text.
async function underLoad(t) {
  const socket = t.open();
  const heard = record(socket, "streamed");
  await event(socket, "connect", 60_000);
  const done = upgraded(socket, 60_000);
  const complete = until(socket, "streamed", () => heard.length >= LOAD_EVENTS, 60_000);
  socket.emit("stream", LOAD_EVENTS, 2);
  for (let i = 0; i < LOAD_EVENTS; i++) {
    socket.emit("numbered", i);
    if (i % 5 === 4) await turn();
  }
  await Promise.all([done, complete]);
  const counted = await call(socket, "count");
  const { transport } = await call(socket, "whoami");
  const expected = Array.from({ length: LOAD_EVENTS }, (_, i) => i);
  if (JSON.stringify(heard) !== JSON.stringify(expected)) return `the client heard ${JSON.stringify(heard)}`;
  if (counted.received !== LOAD_EVENTS || counted.faults !== 0) return `the server counted ${JSON.stringify(counted)}`;
  if (transport !== "websocket") return `the server's transport is ${transport}`;
  return "";
}
