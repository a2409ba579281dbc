// Rooms, targets and broadcasts.

import { equal, plain, unique } from "../values.mjs";
import { call, event, fence, record } from "../waiting.mjs";

export const rooms = {
  "rooms of two namespaces are separate": {
    async run(t) {
      const room = unique();
      const root = await t.connected();
      const admin = await t.connected("/admin", t.login("secret"));
      await call(root, "join", room);
      await call(admin, "join", room);
      const [atRoot, atAdmin] = [record(root, "news"), record(admin, "news")];
      await call(root, "io-to", { to: [room] }, "news", 1);
      await call(admin, "io-to", { to: [room] }, "news", 2);
      await fence([root, admin]);
      equal([atRoot, atAdmin], [[1], [2]]);
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

  "rooms: to excludes the sender": {
    async run(t) {
      const [room, [one, two, three]] = [unique(), await t.several(3)];
      await Promise.all([call(one, "join", room), call(two, "join", room)]);
      const received = [one, two, three].map((socket) => record(socket, "news"));
      await call(one, "to", { to: [room] }, "news", "x");
      await fence([one, two, three]);
      equal(received, [[], ["x"], []]);
    },
  },

  "rooms: except": {
    async run(t) {
      const [[room, quiet], [one, two, three]] = [[unique(), unique()], await t.several(3)];
      await Promise.all([one, two, three].map((socket) => call(socket, "join", room)));
      await call(two, "join", quiet);
      const received = [one, two, three].map((socket) => record(socket, "news"));
      await call(one, "io-to", { to: [room], except: [quiet] }, "news", "x");
      await call(one, "to", { to: [room], except: [quiet] }, "news", "y");
      await fence([one, two, three]);
      equal(received, [["x"], [], ["x", "y"]]);
    },
  },

  "rooms: a socket in two targeted rooms receives once": {
    async run(t) {
      const [[a, b], [one, two]] = [[unique(), unique()], await t.several(2)];
      await Promise.all([call(one, "join", [a, b]), call(two, "join", b)]);
      const received = [one, two].map((socket) => record(socket, "news"));
      await call(one, "io-to", { to: [a, b] }, "news", "x");
      await fence([one, two]);
      equal(received, [["x"], ["x"]]);
    },
  },

  "io.to(socket.id)": {
    async run(t) {
      const [one, two, three] = await t.several(3);
      const received = [one, two, three].map((socket) => record(socket, "news"));
      await call(one, "io-to", { to: [two.id] }, "news", "for two");
      await fence([one, two, three]);
      equal(received, [[], ["for two"], []]);
    },
  },

  "binary to a room": {
    async run(t) {
      const [room, [one, two]] = [unique(), await t.several(2)];
      await call(two, "join", room);
      const received = event(two, "news");
      await call(one, "to", { to: [room] }, "news", { bytes: t.bytes(300) });
      equal(plain(await received), plain([{ bytes: t.bytes(300) }]));
    },
  },

  "broadcast excludes the sender": {
    async run(t) {
      const [name, [one, two, three]] = [unique(), await t.several(3)];
      const received = [one, two, three].map((socket) => record(socket, name));
      await call(one, "broadcast", name, "x");
      await fence([one, two, three]);
      equal(received, [[], ["x"], ["x"]]);
    },
  },
};
