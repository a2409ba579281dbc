// Node's socket.io with its default options and revision 3: the oracle of ../tests/node_requests.rs.
//
//   node plain-server.mjs
//
// Prints "listening PORT" and serves until it is killed. Other paths are answered with 404.

import { createServer } from "node:http";

import { Server } from "socket.io";

const http = createServer((request, response) => response.writeHead(404).end());
const io = new Server(http, { allowEIO3: true });
io.on("connection", (socket) => socket.on("ack", (...args) => args.pop()("ok")));
http.listen(0, "127.0.0.1", () => console.log(`listening ${http.address().port}`));
