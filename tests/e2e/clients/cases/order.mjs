// Order under load: events are neither lost, duplicated nor reordered, during upgrades too.

import { equal, numbers, plain } from "../values.mjs";
import { call, echo, event, record, nextTick, until, upgraded } from "../waiting.mjs";

// The number of events in the load case, and the time limit for all of its clients.
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
      const received = record(socket, "burst");
      socket.emit("burst", 1000);
      await call(socket, "ack", "fence");
      equal(received, numbers(1000));
    },
  },

  "events sent in the connect handler": {
    async run(t) {
      const socket = t.open();
      const received = record(socket, "burst");
      socket.on("connect", () => {
        for (let i = 0; i < 1000; i++) socket.emit("numbered", i);
        socket.emit("burst", 1000);
      });
      await event(socket, "connect");
      equal(await call(socket, "count"), { received: 1000, faults: 0 });
      equal(received, numbers(1000));
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
      const failures = results.filter((result) => result !== "");
      equal(failures, []);
    },
  },
};

// Runs one client of the load case, with numbered events in both directions before, during and after its upgrade. The
// burst is in the server's queue when the transport changes. The server emits the stream during and after the upgrade.
// Returns a description of the failure, or an empty string.
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
    if (i % 5 === 4) await nextTick();
  }
  await Promise.all([changed, complete]);
  const counted = await call(socket, "count");
  const { transport } = await call(socket, "whoami");
  for (const received of [burst, stream]) {
    if (JSON.stringify(received) !== JSON.stringify(numbers(LOAD_EVENTS))) return `the client received ${JSON.stringify(received)}`;
  }
  if (counted.received !== LOAD_EVENTS || counted.faults !== 0) return `the server counted ${JSON.stringify(counted)}`;
  if (transport !== t.transports[1]) return `the server's transport is ${transport}`;
  return "";
}
