// Records the answers that socket.io-client receives from the application of wraps-server.mjs.
//
//   node wraps.mjs --url http://127.0.0.1:4000 [--transports polling,websocket]
//
// Prints a JSON line for each answer.

import { parseArgs } from "node:util";

import { io } from "socket.io-client";

import { call, callAll, event } from "./waiting.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    transports: { type: "string", default: "polling,websocket" },
  },
});
if (!options.url) {
  console.error("missing option --url: add --url http://127.0.0.1:PORT");
  process.exit(2);
}

const settings = { transports: options.transports.split(","), forceNew: true, reconnection: false };

function print(name, answer) {
  const plain = (key, value) => (value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1") : value);
  console.log(JSON.stringify({ name, answer }, plain));
}

const socket = io(options.url, settings);
print("add", await callAll(socket, "add", 1, 2));
print("renamed", await callAll(socket, "old", 3, 4));
print("computed", await callAll(socket, "compute", 7));
print("cached", await callAll(socket, "compute", 7));
print("computed once", await call(socket, "count"));
print("binary", await callAll(socket, "bytes", Buffer.from("bytes")));
socket.emit("silent");
print("without a callback", await call(socket, "count"));
print("time limit", await callAll(socket, "never"));
print("after the time limit", await callAll(socket, "add", 5, 6));

const first = io(`${options.url}/limited`, settings);
const second = io(`${options.url}/limited`, settings);
await Promise.all([call(first, "quick"), event(second, "connect")]);
const started = event(first, "started");
const timedOut = callAll(first, "never", 1);
print("started", await started);
print("overloaded", await callAll(second, "quick"));
print("timed out", await timedOut);
print("available again", await callAll(second, "quick"));

for (const each of [socket, first, second]) each.disconnect();
process.exit(0);
