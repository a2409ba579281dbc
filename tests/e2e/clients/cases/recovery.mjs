// Connection state recovery, for a server that has it.

import { assert, equal, numbers, unique } from "../values.mjs";
import { call, event, fence, record, until } from "../waiting.mjs";

// A socket that comes back by itself, and as soon as it can.
const back = { reconnection: true, reconnectionDelay: 1, reconnectionDelayMax: 2, randomizationFactor: 0 };

// Loses the connection, and lets others send before it is there again.
async function lose(socket, other, meanwhile) {
  const lost = socket.id;
  socket.io.reconnectionDelay(300);
  const connected = event(socket, "connect");
  socket.io.engine.close();
  const { reason } = await call(other, "reason", lost);
  assert(reason.startsWith("transport"), reason);
  await meanwhile?.(lost);
  await connected;
  return lost;
}

export const recovery = {
  "a new client is not recovered": {
    async run(t) {
      const socket = await t.connected();
      assert(!socket.recovered, "recovered at first");
    },
  },

  "a client that comes back has its id, its rooms and what it has missed": {
    async run(t) {
      const [socket, other] = [await t.connected("/", back), await t.connected()];
      const [name, room] = [unique(), unique()];
      const heard = record(socket, name);
      await call(socket, "join", room);
      await call(other, "io-to", { to: [room] }, name, 0);
      await fence([socket]);
      equal(heard, [0]);

      const lost = await lose(socket, other, async (id) => {
        await call(other, "io-to", { to: [room] }, name, 1);
        await call(other, "io-to", { to: [unique()] }, name, "another room");
        await call(other, "io-to", { to: [id] }, name, 2);
      });
      assert(socket.recovered, "not recovered");
      equal(socket.id, lost);
      equal((await call(socket, "whoami")).id, lost);
      equal(heard, [0, 1, 2]);
      await call(other, "io-to", { to: [room] }, name, 3);
      await fence([socket]);
      equal(heard, [0, 1, 2, 3]);
    },
  },

  "again and again": {
    async run(t) {
      const [socket, other] = [await t.connected("/", back), await t.connected()];
      const name = unique();
      const heard = record(socket, name);
      const { id } = socket;
      for (const n of numbers(3)) {
        await call(other, "io-to", { to: [id] }, name, n);
        if (heard.length === n) await until(socket, name, () => heard.length === n + 1);
        // The server tells of a departure once, so it is not asked for this.
        const connected = event(socket, "connect");
        socket.io.engine.close();
        await connected;
        equal([socket.recovered, socket.id], [true, id]);
      }
      equal(heard, numbers(3));
    },
  },

  "a binary event that was missed": {
    async run(t) {
      const [socket, other] = [await t.connected("/", back), await t.connected()];
      const name = unique();
      const first = event(socket, name);
      await call(other, "io-to", { to: [socket.id] }, name, "first");
      await first;
      const second = event(socket, name);
      await lose(socket, other, (id) => call(other, "io-to", { to: [id] }, name, Uint8Array.of(1, 2, 3)));
      const [bytes] = await second;
      equal([...new Uint8Array(bytes)], [1, 2, 3]);
      assert(socket.recovered, "not recovered");
    },
  },

  "who has been sent nothing has nothing to come back with": {
    async run(t) {
      const [socket, other] = [await t.connected("/", back), await t.connected()];
      const lost = await lose(socket, other);
      assert(!socket.recovered, "recovered");
      assert(socket.id !== lost, "the same id");
    },
  },

  "who leaves is new when it comes back": {
    async run(t) {
      const socket = await t.connected();
      const name = unique();
      const heard = event(socket, name);
      await call(socket, "io-to", { to: [socket.id] }, name, 1);
      await heard;
      const { id } = socket;
      socket.disconnect();
      socket.connect();
      await event(socket, "connect");
      assert(!socket.recovered, "recovered");
      assert(socket.id !== id, "the same id");
    },
  },
};
