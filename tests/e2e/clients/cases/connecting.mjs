// Connecting: ids, handshake data, namespaces and refusals.

import { assert, equal, plain } from "../values.mjs";
import { call, echo, event, record } from "../waiting.mjs";

export const connecting = {
  connect: {
    async run(t) {
      const socket = await t.connected();
      equal(typeof socket.id, "string");
      assert(/^[\w-]{20}$/.test(socket.id), `the id ${socket.id} does not have 20 URL-safe characters`);
      // A version 2 client does not receive its socket id and uses the engine id.
      equal(socket.id === socket.io.engine.id, t.isVersion2);
      const me = await call(socket, "whoami");
      equal(me.id, socket.id);
      equal(me.nsp, "/");
    },
  },

  "two sockets have different ids": {
    async run(t) {
      const [one, two] = await Promise.all([t.connected(), t.connected()]);
      assert(one.id !== two.id, "both sockets have the same id");
      assert(one.io.engine.id !== two.io.engine.id, "both connections have the same engine id");
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
    async run(t) {
      const socket = await t.connected();
      equal((await call(socket, "whoami")).auth, {});
    },
  },

  "handshake query": {
    // A WebTransport session request has no query.
    transport: (transports) => transports[0] !== "webtransport",
    async run(t) {
      const socket = await t.connected("/", { query: { tenant: "a b&c=ü", empty: "" } });
      const { query } = await call(socket, "whoami");
      equal(query.tenant, "a b&c=ü");
      equal(query.empty, "");
      equal(query.EIO, t.major > 2 ? "4" : "3");
      equal(query.transport, t.transports[0]);
    },
  },

  "query of a namespace becomes its auth": {
    until: 2, // Later versions have `auth`, and treat a query after the namespace as part of its name.
    async run(t) {
      const query = { token: "secret", user: "José & 😀", empty: "", "a b": "c+d" };
      const admin = await t.connected("/admin", { query });
      equal((await call(admin, "whoami")).auth, query);
    },
  },

  namespaces: {
    async run(t) {
      const root = await t.connected();
      const admin = root.io.socket("/admin", t.login("secret"));
      t.keep(admin);
      await event(admin, "connect");
      assert(admin.id !== root.id, "both namespaces use the same socket id");
      if (t.isVersion2) equal(admin.id, `/admin#${root.id}`);
      const me = await call(admin, "whoami");
      equal([me.id, me.nsp, me.auth], [admin.id, "/admin", { token: "secret" }]);
      const strays = record(root, "echo");
      equal(await echo(admin, "in admin"), ["in admin"]);
      await call(root, "ack", "fence");
      equal(strays, []);
      equal(plain(await echo(admin, t.bytes(3))), plain([t.bytes(3)]));
    },
  },

  "leaving one namespace keeps the other": {
    async run(t) {
      const root = await t.connected();
      const admin = root.io.socket("/admin", t.login("secret"));
      t.keep(admin);
      await event(admin, "connect");
      const { id } = admin;
      admin.disconnect();
      equal((await call(root, "reason", id)).reason, "client namespace disconnect");
      equal(await echo(root, "still here"), ["still here"]);
    },
  },

  "refusal by middleware": {
    async run(t) {
      const logins = [{}, t.login("wrong")];
      // A query can only carry text.
      if (!t.isVersion2) logins.push(t.login(["secret"]));
      for (const login of logins) {
        const socket = t.open("/admin", login);
        const error = await t.refusal(socket);
        if (t.isVersion2) {
          equal(error, { code: "E_TOKEN" });
        } else {
          assert(error instanceof Error, "connect_error does not carry an Error");
          equal(error.message, "not allowed");
          equal(error.data, { code: "E_TOKEN" });
        }
        equal(socket.connected, false);
      }
    },
  },

  "connect again after a refusal": {
    async run(t) {
      const socket = t.open("/admin", t.login("wrong"));
      await t.refusal(socket);
      const connected = event(socket, "connect");
      Object.assign(socket, t.login("secret"));
      socket.connect();
      await connected;
      equal((await call(socket, "whoami")).nsp, "/admin");
    },
  },

  "unknown namespace": {
    async run(t) {
      const error = await t.refusal(t.open("/unknown"));
      equal(error.message, "Invalid namespace");
      equal(error.data, undefined);
    },
  },
};
