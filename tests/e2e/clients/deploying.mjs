// Connects socket.io-client through a proxy.
//
//   node deploying.mjs --url http://127.0.0.1:4000 [--path /socket.io] [--transports polling,websocket] [--clients 5]
//     [--client-options '{"withCredentials":true}']
//
// Each client connects, waits for its upgrade, and sends events with acknowledgements and binary data. Prints a JSON
// array with the names of the servers that the clients have reached.

import assert from "node:assert";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";

import { call, event, upgraded } from "./waiting.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    path: { type: "string", default: "/socket.io" },
    transports: { type: "string", default: "polling,websocket" },
    clients: { type: "string", default: "5" },
    "client-options": { type: "string", default: "{}" },
  },
});
if (!options.url) {
  console.error("missing option --url: add --url http://127.0.0.1:PORT");
  process.exit(2);
}

const { io } = createRequire(import.meta.url)("socket.io-client");
const transports = options.transports.split(",");
// More than the buffers of a proxy.
const LARGE = Buffer.alloc(300_000, 7);

async function client() {
  const socket = io(options.url, {
    path: options.path,
    transports,
    forceNew: true,
    reconnection: false,
    ...JSON.parse(options["client-options"]),
  });
  const failure = new Promise((_, reject) => {
    socket.on("connect_error", (error) => reject(new Error(`${error.message}: ${error.description?.message ?? error.description ?? ""}`)));
    socket.on("disconnect", (reason) => reject(new Error(`disconnected: ${reason}`)));
  });
  failure.catch(() => {});
  await Promise.race([event(socket, "connect"), failure]);
  if (transports.length > 1) await Promise.race([upgraded(socket), failure]);
  assert.equal(socket.io.engine.transport.name, transports.at(-1));
  for (let number = 0; number < 5; number += 1) {
    assert.equal(await Promise.race([call(socket, "number", number), failure]), number);
  }
  const answer = await Promise.race([call(socket, "binary", LARGE), failure]);
  assert.ok(LARGE.equals(answer));
  const name = await Promise.race([call(socket, "name"), failure]);
  socket.off("disconnect").disconnect();
  return name;
}

const names = await Promise.all(Array.from({ length: Number(options.clients) }, client));
console.log(JSON.stringify(names));
process.exit(0);
