// Many events, in order: nothing lost, doubled or overtaken, across the upgrade too.

import { equal, numbers, plain } from "../values.mjs";
import { call, echo, event, record, turn, until, upgraded } from "../waiting.mjs";

// How many events the load case sends, and how long all its clients together may take.
const LOAD_EVENTS = 200;
const LOAD_MS = 60_000;

export const order = {
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
      equal(heard, numbers(1000));
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
      equal(heard, numbers(1000));
    },
  },

  upgrade: {
    transport: (transports) => transports.length === 2,
    async run(t) {
      const socket = await t.connected();
      await upgraded(socket);
      equal(socket.io.engine.transport.name, t.transports[1]);
      equal((await call(socket, "whoami")).transport, t.transports[1]);
      equal(plain(await echo(socket, t.bytes(10))), plain([t.bytes(10)]));
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

// One client of the load case: numbered events in both directions from before until after its upgrade. The burst is
// what the server has in its queue when the transport changes, the stream what it emits meanwhile and afterwards.
// Returns what went wrong, or an empty text.
async function underLoad(t) {
  const socket = t.open();
  const [burst, stream] = [record(socket, "burst"), record(socket, "streamed")];
  await event(socket, "connect", LOAD_MS);
  const changed = upgraded(socket, LOAD_MS);
  const complete = Promise.all([
    until(socket, "burst", () => burst.length >= LOAD_EVENTS, LOAD_MS),
    until(socket, "streamed", () => stream.length >= LOAD_EVENTS, LOAD_MS),
  ]);
  socket.emit("burst", LOAD_EVENTS);
  socket.emit("stream", LOAD_EVENTS, 2);
  for (let i = 0; i < LOAD_EVENTS; i++) {
    socket.emit("numbered", i);
    if (i % 5 === 4) await turn();
  }
  await Promise.all([changed, complete]);
  const counted = await call(socket, "count");
  const { transport } = await call(socket, "whoami");
  for (const heard of [burst, stream]) {
    if (JSON.stringify(heard) !== JSON.stringify(numbers(LOAD_EVENTS))) return `the client heard ${JSON.stringify(heard)}`;
  }
  if (counted.received !== LOAD_EVENTS || counted.faults !== 0) return `the server counted ${JSON.stringify(counted)}`;
  if (transport !== t.transports[1]) return `the server's transport is ${transport}`;
  return "";
}
