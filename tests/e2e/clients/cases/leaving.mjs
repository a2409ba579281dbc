// Disconnects, their reasons, and reconnections.

import { assert, equal, unique } from "../values.mjs";
import { call, echo, event } from "../waiting.mjs";

export const leaving = {
  "disconnect from the client": {
    async run(t) {
      const [socket, witness] = await t.several(2);
      const { id } = socket;
      const disconnected = event(socket, "disconnect");
      socket.disconnect();
      equal((await disconnected)[0], "io client disconnect");
      equal((await call(witness, "reason", id)).reason, "client namespace disconnect");
    },
  },

  "rooms are available while disconnecting": {
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
      const disconnected = event(socket, "disconnect");
      socket.emit("disconnect-me", false);
      equal((await disconnected)[0], "io server disconnect");
      equal((await call(witness, "reason", id)).reason, "server namespace disconnect");
    },
  },

  "connect again after a disconnect from the server": {
    since: 4.01, // 4.1. In earlier versions, the end of the old connection can also close the new one.
    async run(t) {
      const socket = await t.connected();
      const { id } = socket;
      const disconnected = event(socket, "disconnect");
      socket.emit("disconnect-me", false);
      await disconnected;
      const connected = event(socket, "connect");
      socket.connect();
      await connected;
      assert(socket.id !== id, "the new session has the old id");
      equal(await echo(socket, "again"), ["again"]);
    },
  },

  "disconnect from the server, transport too": {
    async run(t) {
      const [socket, witness] = await t.several(2);
      const { id } = socket;
      const disconnected = event(socket, "disconnect");
      socket.emit("disconnect-me", true);
      const [reason] = await disconnected;
      assert(["io server disconnect", "transport close"].includes(reason), `the client reports "${reason}"`);
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
      const disconnected = event(socket, "disconnect");
      const reconnected = event(t.major > 2 ? socket.io : socket, "reconnect");
      const connected = event(socket, "connect");
      socket.emit("close-transport");
      const [reason] = await disconnected;
      // The test server ends a WebTransport session by closing its QUIC connection, which browsers report as an error.
      const expected = t.transports.includes("webtransport") ? ["transport close", "transport error"] : ["transport close"];
      assert(expected.includes(reason), `the client reports "${reason}"`);
      assert((await reconnected)[0] >= 1, "the reconnect event has no attempt number");
      await connected;
      assert(socket.id !== id, "the new session has the old id");
      equal(await echo(socket, "again"), ["again"]);
      equal((await call(witness, "reason", id)).reason, "forced close");
    },
  },

  "events sent while disconnected arrive after the reconnection": {
    async run(t) {
      const socket = await t.connected("/", { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20 });
      const disconnected = event(socket, "disconnect");
      socket.emit("close-transport");
      await disconnected;
      equal(await echo(socket, "sent while disconnected"), ["sent while disconnected"]);
    },
  },
};
