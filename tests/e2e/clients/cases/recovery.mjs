// Connection state recovery. The server must have it enabled.

import { assert, equal, numbers, unique } from "../values.mjs";
import { call, event, fence, record, until } from "../waiting.mjs";

// Options of a socket that reconnects automatically and immediately.
const reconnecting = { reconnection: true, reconnectionDelay: 1, reconnectionDelayMax: 2, randomizationFactor: 0 };

// Closes the connection and runs `meanwhile` before the socket reconnects.
async function disconnect(socket, other, meanwhile) {
  const lostId = socket.id;
  socket.io.reconnectionDelay(300);
  const connected = event(socket, "connect");
  socket.io.engine.close();
  const { reason } = await call(other, "reason", lostId);
  assert(reason.startsWith("transport"), reason);
  await meanwhile?.(lostId);
  await connected;
  return lostId;
}

export const recovery = {
  "a new client is not recovered": {
    async run(t) {
      const socket = await t.connected();
      assert(!socket.recovered, "a new client is recovered");
    },
  },

  "a recovered client has its id, its rooms and the missed events": {
    async run(t) {
      const [socket, other] = [await t.connected("/", reconnecting), await t.connected()];
      const [name, room] = [unique(), unique()];
      const received = record(socket, name);
      await call(socket, "join", room);
      await call(other, "io-to", { to: [room] }, name, 0);
      await fence([socket]);
      equal(received, [0]);

      const lostId = await disconnect(socket, other, async (id) => {
        await call(other, "io-to", { to: [room] }, name, 1);
        await call(other, "io-to", { to: [unique()] }, name, "another room");
        await call(other, "io-to", { to: [id] }, name, 2);
      });
      assert(socket.recovered, "the client is not recovered");
      equal(socket.id, lostId);
      equal((await call(socket, "whoami")).id, lostId);
      equal(received, [0, 1, 2]);
      await call(other, "io-to", { to: [room] }, name, 3);
      await fence([socket]);
      equal(received, [0, 1, 2, 3]);
    },
  },

  "repeated recovery": {
    async run(t) {
      const [socket, other] = [await t.connected("/", reconnecting), await t.connected()];
      const name = unique();
      const received = record(socket, name);
      const { id } = socket;
      for (const n of numbers(3)) {
        await call(other, "io-to", { to: [id] }, name, n);
        if (received.length === n) await until(socket, name, () => received.length === n + 1);
        // `reason` answers once per socket id, and a recovered socket keeps its id, so it is not used here.
        const connected = event(socket, "connect");
        socket.io.engine.close();
        await connected;
        equal([socket.recovered, socket.id], [true, id]);
      }
      equal(received, numbers(3));
    },
  },

  "a missed binary event": {
    async run(t) {
      const [socket, other] = [await t.connected("/", reconnecting), await t.connected()];
      const name = unique();
      const first = event(socket, name);
      await call(other, "io-to", { to: [socket.id] }, name, "first");
      await first;
      const second = event(socket, name);
      await disconnect(socket, other, (id) => call(other, "io-to", { to: [id] }, name, Uint8Array.of(1, 2, 3)));
      const [bytes] = await second;
      equal([...new Uint8Array(bytes)], [1, 2, 3]);
      assert(socket.recovered, "the client is not recovered");
    },
  },

  "a client that has received no event is not recovered": {
    async run(t) {
      const [socket, other] = [await t.connected("/", reconnecting), await t.connected()];
      const lostId = await disconnect(socket, other);
      assert(!socket.recovered, "the client is recovered");
      assert(socket.id !== lostId, "the new session has the old id");
    },
  },

  "a client that disconnects itself is not recovered": {
    async run(t) {
      const socket = await t.connected();
      const name = unique();
      const received = event(socket, name);
      await call(socket, "io-to", { to: [socket.id] }, name, 1);
      await received;
      const { id } = socket;
      socket.disconnect();
      socket.connect();
      await event(socket, "connect");
      assert(!socket.recovered, "the client is recovered");
      assert(socket.id !== id, "the new session has the old id");
    },
  },
};
