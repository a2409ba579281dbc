// Records how socket.io-client receives the errors of the application in ../tests/interop/errors.rs.
//
//   node errors.mjs --url http://127.0.0.1:4000 [--transports polling,websocket]
//
// Prints a JSON line for each error.

import { parseArgs } from "node:util";

import { io } from "socket.io-client";

import { call, event } from "./waiting.mjs";

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

function print(name, error) {
  console.log(JSON.stringify({ name, error }));
}

const kinds = ["sold out", "database"];
const socket = io(options.url, settings);
for (const name of ["handler", "middleware", "wrap", "extract"]) {
  for (const kind of kinds) print(`${name}: ${kind}`, await call(socket, name, kind));
}
socket.disconnect();

for (const kind of kinds) {
  const refused = io(`${options.url}/members`, { ...settings, auth: { kind } });
  const [error] = await event(refused, "connect_error");
  print(`connect: ${kind}`, { isError: error instanceof Error, message: error.message, data: error.data });
  refused.disconnect();
}

// The client clears the body of the refused request, so it is read in a second request.
for (const kind of kinds) {
  const query = { refuse: kind };
  const refused = io(options.url, { ...settings, query, transports: ["polling"] });
  const [error] = await event(refused, "connect_error");
  refused.disconnect();
  const parameters = new URLSearchParams({ ...query, EIO: "4", transport: "polling" });
  const response = await fetch(`${options.url}/socket.io/?${parameters}`);
  print(`request: ${kind}`, { status: error.description, body: await response.json() });
}
process.exit(0);
