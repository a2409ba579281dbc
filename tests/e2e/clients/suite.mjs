// Runs the behaviour suite with socket.io-client in Node.
//
//   node suite.mjs --url http://127.0.0.1:4000 [--transports polling,websocket] [--client socket.io-client]
//     [--client-options '{"forceBase64":true}'] [--load-clients 200] [--msgpack] [--suite recovery] [--only NAME]
//
// Prints one line per case and the totals. The exit code is 0 when every case passed.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";

import { runSuite } from "./cases.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    transports: { type: "string", default: "polling,websocket" },
    client: { type: "string", default: "socket.io-client" },
    "client-options": { type: "string", default: "{}" },
    // Uses socket.io-msgpack-parser. The server must use it too.
    msgpack: { type: "boolean", default: false },
    "load-clients": { type: "string", default: "200" },
    suite: { type: "string", default: "behaviour" },
    only: { type: "string", default: "" },
  },
});
if (!options.url) {
  console.error("missing option --url: add --url http://127.0.0.1:PORT");
  process.exit(2);
}

const require = createRequire(import.meta.url);
const client = require(options.client);
const { version } = require(`${options.client}/package.json`);

const clientOptions = JSON.parse(options["client-options"]);
if (options.msgpack) clientOptions.parser = require("socket.io-msgpack-parser");

console.log(`# ${options.client} ${version}, ${options.transports}, ${options["client-options"]}${options.msgpack ? ", msgpack" : ""}, Node ${process.version}`);
const totals = await runSuite({
  io: client.io ?? client,
  version,
  url: options.url,
  transports: options.transports.split(","),
  clientOptions,
  msgpack: options.msgpack,
  loadClients: Number(options["load-clients"]),
  suite: options.suite,
  only: options.only,
  print: (line) => console.log(line),
});
// The client keeps sockets and timers open, so the process must exit explicitly.
process.exit(totals.failed === 0 ? 0 : 1);
