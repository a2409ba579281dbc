// Events, their names and arguments, and acknowledgements.

import { equal, numbers, plain } from "../values.mjs";
import { call, callAll, echo, event, WAIT_MS } from "../waiting.mjs";

const ODD_NAMES = [
  "",
  "événement ☃ 漢字 😀",
  'quote"back\\slash/',
  "tab\tline\nnul\u0000",
  "with space",
  '[1,"2"]',
];

export const messages = {
  "event without arguments": {
    run: async (t) => equal(await echo(await t.connected()), []),
  },

  "event with one argument": {
    async run(t) {
      const socket = await t.connected();
      const values = [
        "text", "", "quote \" backslash \\ newline \n nul \u0000 separator \u001e \u2028", "😀 漢字", 0, -1, 1.5,
        // The MessagePack parser encodes larger numbers as 0.
        t.msgpack ? 2 ** 63 : 1e21, 9007199254740991, true, false, null, [], {}, [[[]]], { a: { b: [1, { c: null }] } }, { "": "empty key" },
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
      const text = "0123456789abcdéf".repeat(30_000); // 510 000 bytes, about half of the limit
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
        const echoed = event(socket, name);
        socket.emit(name, "value", 2);
        equal(await echoed, ["value", 2]);
      }
    },
  },

  "event named error is harmless": {
    async run(t) {
      const socket = await t.connected();
      if (t.major > 2) socket.emit("error", "boom");
      socket.emit("unhandled", 1);
      equal(await callAll(socket, "ack", "alive"), ["alive"]);
    },
  },

  "binary argument": {
    async run(t) {
      const socket = await t.connected();
      for (const size of [1, 3, 256, 100_000]) {
        const bytes = t.bytes(size);
        equal(plain(await echo(socket, bytes)), [plain(bytes)]);
      }
    },
  },

  "empty binary argument": {
    run: async (t) => equal(plain(await echo(await t.connected(), t.bytes(0))), [plain(t.bytes(0))]),
  },

  "binary nested at depth": {
    async run(t) {
      const args = ["first", { a: [{ b: { c: t.bytes(5) } }, t.bytes(2)], d: "text" }, [[[t.bytes(9)]]], 4];
      equal(plain(await echo(await t.connected(), ...args)), plain(args));
    },
  },

  "ten attachments": {
    async run(t) {
      const parts = Array.from({ length: 10 }, (_, i) => t.bytes(i + 1));
      equal(plain(await echo(await t.connected(), parts)), plain([parts]));
    },
  },

  "binary in acknowledgements": {
    async run(t) {
      const socket = await t.connected();
      equal(plain(await callAll(socket, "ack", { deep: [t.bytes(4)] }, "text")), plain([{ deep: [t.bytes(4)] }, "text"]));
      socket.on("question", (value, answer) => answer({ got: value }));
      const answered = event(socket, "answered");
      socket.emit("ask", t.bytes(7), WAIT_MS);
      equal(plain(await answered), plain([{ got: t.bytes(7) }]));
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
      equal(await Promise.all(numbers(100).map((i) => call(socket, "ack", i))), numbers(100));
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
      answer("too late"); // ignored by the server
      equal(await callAll(socket, "ack", "alive"), ["alive"]);
    },
  },
};
