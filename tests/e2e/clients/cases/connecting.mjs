// Connecting: ids, what the handshake carries, namespaces and refusals.

import { assert, equal, pattern, plain } from "../values.mjs";
import { call, echo, event, record } from "../waiting.mjs";

export const connecting = {
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
};
