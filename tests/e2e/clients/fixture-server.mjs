// The fixture application of ../FIXTURE.md on Node's socket.io: the oracle of the suites.
//
//   node fixture-server.mjs PORT [--allow-eio3] [--recovery] [--msgpack]
//
// Prints "listening PORT" (PORT 0 picks a free port) and serves until it is killed.

import { createServer } from "node:http";

import { Server } from "socket.io";
import msgpack from "socket.io-msgpack-parser";

const ODD_NAMES = [
  "",
  "événement ☃ 漢字 😀",
  'quote"back\\slash/',
  "tab\tline\nnul\u0000",
  "with space",
  '[1,"2"]',
];

const http = createServer((request, response) => {
  if (request.url === "/") {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end("<!doctype html><title>fixture</title>");
  } else {
    response.writeHead(404);
    response.end("not found");
  }
});

const io = new Server(http, {
  // Node sends the first argument of the callback to the client as the message.
  allowRequest(request, callback) {
    const query = new URL(request.url, "http://fixture").searchParams;
    if (query.has("deny")) callback("nope é", false);
    else if (query.has("denynull")) callback(null, false);
    else callback(null, true);
  },
  // Only for the tests with socket.io-client 2.x.
  allowEIO3: process.argv.includes("--allow-eio3"),
  // Only for the tests of connection state recovery.
  ...(process.argv.includes("--recovery") && { connectionStateRecovery: {} }),
  // Only for clients with the same parser.
  ...(process.argv.includes("--msgpack") && { parser: msgpack }),
});

io.of("/admin").use((socket, next) => {
  if (socket.handshake.auth.token === "secret") return next();
  const refusal = new Error("not allowed");
  refusal.data = { code: "E_TOKEN" };
  next(refusal);
});

const disconnects = new Map(); // id -> { reason, rooms }
const waiting = new Map(); // id -> acknowledgements to call

for (const name of ["/", "/admin"]) io.of(name).on("connection", connected);

function connected(socket) {
  const numbered = { received: 0, faults: 0, due: 0 };
  let roomsAtDisconnect = [];

  for (const name of ["echo", ...ODD_NAMES]) {
    socket.on(name, (...args) => socket.emit(name, ...values(args)));
  }
  socket.on("ack", (...args) => answer(args, ...values(args)));
  socket.on("ask", async (value, ms) => {
    try {
      socket.emit("answered", await socket.timeout(ms).emitWithAck("question", value));
    } catch {
      socket.emit("unanswered", value);
    }
  });
  socket.on("join", (room, done) => {
    socket.join(room);
    done?.(rooms(socket));
  });
  socket.on("leave", (room, done) => {
    socket.leave(room);
    done?.(rooms(socket));
  });
  socket.on("to", ({ to = [], except = [] }, event, value, done) => {
    // With an empty `to`, the operator of a socket still excludes the socket.
    socket.to(to).except(except).emit(event, value);
    done?.();
  });
  socket.on("io-to", ({ to = [], except = [] }, event, value, done) => {
    socket.nsp.to(to).except(except).emit(event, value);
    done?.();
  });
  socket.on("broadcast", (event, value, done) => {
    socket.broadcast.emit(event, value);
    done?.();
  });
  socket.on("whoami", (done) => {
    const { auth, query } = socket.handshake;
    done?.({ id: socket.id, nsp: socket.nsp.name, auth, query, transport: socket.conn.transport.name });
  });
  socket.on("disconnect-me", (close) => socket.disconnect(close));
  socket.on("close-transport", () => socket.conn.close());
  socket.on("reason", (id, done) => {
    if (disconnects.has(id)) done?.(disconnects.get(id));
    else waiting.set(id, [...(waiting.get(id) ?? []), done]);
  });
  socket.on("burst", (n) => {
    for (let i = 0; i < n; i++) socket.emit("burst", i);
  });
  socket.on("stream", (n, ms) => {
    let next = 0;
    const timer = setInterval(() => {
      if (next < n && socket.connected) socket.emit("streamed", next++);
      else clearInterval(timer);
    }, ms);
  });
  socket.on("numbered", (i) => {
    numbered.received += 1;
    if (i !== numbered.due) numbered.faults += 1;
    numbered.due = i + 1;
  });
  socket.on("count", (done) => done?.({ received: numbered.received, faults: numbered.faults }));

  socket.on("disconnecting", () => {
    roomsAtDisconnect = rooms(socket);
  });
  socket.on("disconnect", (reason) => {
    const disconnect = { reason, rooms: roomsAtDisconnect };
    disconnects.set(socket.id, disconnect);
    for (const done of waiting.get(socket.id) ?? []) done?.(disconnect);
    waiting.delete(socket.id);
  });
}

// Returns the arguments of an event without the acknowledgement, which Node appends.
function values(args) {
  return typeof args.at(-1) === "function" ? args.slice(0, -1) : args;
}

function answer(args, ...answers) {
  if (typeof args.at(-1) === "function") args.at(-1)(...answers);
}

function rooms(socket) {
  return [...socket.rooms].filter((room) => room !== socket.id).sort();
}

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`listening ${http.address().port}`);
});
