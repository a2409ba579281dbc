// Keeps clients connected through a proxy while the servers behind it are replaced.
//
//   node rolling.mjs --url http://127.0.0.1:4000 --clients 300
//
// A third of the clients polls, a third uses WebSocket, and a third upgrades. Each sends its next number on each event
// `tick` unless its last number is not acknowledged yet, and repeats a number until it is acknowledged. After the event
// `finish`, the program prints a JSON object: how many numbers each client has an acknowledgement for, and the counts of the reasons of
// their disconnects.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({ options: { url: { type: "string" }, clients: { type: "string" } } });
if (!options.url || !options.clients) {
  console.error("missing option: add --url http://127.0.0.1:PORT --clients NUMBER");
  process.exit(2);
}

const { io } = createRequire(import.meta.url)("socket.io-client");
const TRANSPORTS = [["polling"], ["websocket"], ["polling", "websocket"]];
const ACK_MS = 10_000;
const reasons = {};

function client(index) {
  // The next number, which is the number of acknowledged ones.
  let next = 0;
  let attempt = null;
  const socket = io(options.url, {
    transports: TRANSPORTS[index % TRANSPORTS.length],
    forceNew: true,
    reconnectionDelay: 200,
    reconnectionDelayMax: 1000,
  });
  socket.on("tick", () => {
    if (attempt !== null) return;
    const current = {};
    attempt = current;
    const number = next;
    socket.timeout(ACK_MS).emit("count", `js${index}`, number, (error, answer) => {
      if (attempt === current) attempt = null;
      if (error || answer !== number || number !== next) return;
      next += 1;
    });
  });
  socket.on("disconnect", (reason) => {
    reasons[reason] = (reasons[reason] ?? 0) + 1;
    attempt = null;
  });
  return new Promise((resolve) => {
    socket.on("finish", () => {
      socket.io.reconnection(false);
      resolve([`js${index}`, next]);
    });
  });
}

const finished = await Promise.all(Array.from({ length: Number(options.clients) }, (_, index) => client(index)));
console.log(JSON.stringify({ acknowledged: Object.fromEntries(finished), reasons }));
process.exit(0);
