// The application of ../tests/interop/wraps.rs on Node's socket.io: `socket.use` replaces the callback of an event.
//
//   node wraps-server.mjs
//
// Prints "listening PORT" and serves until it is killed.

import { once } from "node:events";
import { createServer } from "node:http";

import { Server } from "socket.io";

// Long enough for the requests of a client on a busy machine.
const LIMIT_MS = 1000;

const http = createServer();
const io = new Server(http);

// Calls `around(packet, answer)`. It calls `answer` to answer, and returns whether the event is handled.
function wrap(socket, around) {
  socket.use((packet, next) => {
    const callback = packet.at(-1);
    const isAwaited = typeof callback === "function";
    const answer = isAwaited ? callback : () => {};
    const replace = (replaced) => {
      if (isAwaited) packet[packet.length - 1] = replaced;
    };
    if (around(packet, answer, replace)) next();
  });
}

function timeLimit(error) {
  return (packet, answer, replace) => {
    let isAnswered = false;
    const answerOnce = (...args) => {
      if (!isAnswered) answer(...args);
      isAnswered = true;
    };
    replace(answerOnce);
    setTimeout(() => answerOnce(error), LIMIT_MS);
    return true;
  };
}

io.on("connection", (socket) => {
  const cache = new Map();
  let computed = 0;

  wrap(socket, (packet, answer, replace) => {
    replace((value) => answer({ value }));
    return true;
  });
  wrap(socket, timeLimit({ status: "Gateway Timeout", error: "too slow" }));
  wrap(socket, (packet, answer, replace) => {
    if (packet[0] !== "compute") return true;
    if (cache.has(packet[1])) {
      answer(cache.get(packet[1]));
      return false;
    }
    replace((value) => {
      cache.set(packet[1], value);
      answer(value);
    });
    return true;
  });
  wrap(socket, (packet) => {
    if (packet[0] === "old") packet[0] = "add";
    return true;
  });

  socket.on("add", (a, b, answer) => answer(a + b));
  socket.on("compute", (number, answer) => {
    computed += 1;
    answer([number * number, computed]);
  });
  socket.on("bytes", (bytes, answer) => answer({ first: bytes[0], bytes }));
  socket.on("never", () => {});
  socket.on("count", (answer) => answer(computed));
  socket.on("silent", () => (computed += 1));
});

let running = 0;
io.of("/limited").on("connection", (socket) => {
  wrap(socket, (packet, answer, replace) => {
    if (running > 0) {
      answer({ status: "Service Unavailable", error: "service overloaded" });
      return false;
    }
    running += 1;
    replace((...args) => {
      running -= 1;
      answer(...args);
    });
    return true;
  });
  wrap(socket, timeLimit({ status: "Service Unavailable", error: "request timed out" }));
  socket.on("never", (id) => socket.emit("started", id));
  socket.on("quick", (answer) => answer("done"));
});

http.listen(0, "127.0.0.1");
await once(http, "listening");
console.log(`listening ${http.address().port}`);
