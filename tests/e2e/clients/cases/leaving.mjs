// The end of a connection, its reasons, and what comes after it.

import { assert, equal, unique } from "../values.mjs";
import { call, echo, event } from "../waiting.mjs";

export const leaving = {
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
    },
  },

  "connect again after a disconnect from the server": {
    since: 4.01, // 4.1. Before, the end of the old connection can take the new one with it.
    async run(t) {
      const socket = await t.connected();
      const { id } = socket;
      const gone = event(socket, "disconnect");
      socket.emit("disconnect-me", false);
      await gone;
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
      const [reason] = await gone;
      // The server of the tests ends a WebTransport session with its QUIC connection, which is an error to browsers.
      const expected = t.transports.includes("webtransport") ? ["transport close", "transport error"] : ["transport close"];
      assert(expected.includes(reason), `the client was told "${reason}"`);
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
};
