// The application of ../tests/last_message on Node's socket.io: the oracle of last_message.mjs and last_message.py.
//
//   node last-message-server.mjs
//
// Prints "listening PORT" and serves the control routes on that port until it is killed:
//
//   POST   /servers                                        starts a server and answers with its port
//   GET    /servers/PORT/sessions                          the number of its open sessions
//   POST   /servers/PORT/end?clients=N&last=LAST&end=END   ends all sessions once N clients have sent `hold`
//   DELETE /servers/PORT                                   stops the server

import { once } from "node:events";
import { createServer } from "node:http";

import { Server } from "socket.io";

const servers = new Map(); // port -> { io, http, held }

async function start() {
  const http = createServer();
  const io = new Server(http, { allowEIO3: true });
  const held = []; // acknowledgements of `hold`
  io.on("connection", (socket) => {
    socket.on("finish", (last, end, ms, answer) => {
      const finish = () => {
        if (last !== "ack") socket.emit("last", "x");
        if (last !== "event") answer("x");
        endOf(socket, end);
      };
      if (ms === 0) finish();
      else setTimeout(finish, ms);
    });
    socket.on("hold", (answer) => {
      held.push(answer);
      http.emit("held");
    });
    socket.on("fence", (answer) => answer());
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address();
  servers.set(port, { io, http, held });
  return port;
}

function endOf(socket, end) {
  if (end === "disconnect") socket.disconnect();
  else if (end === "disconnect-close") socket.disconnect(true);
  else if (end === "conn-close") socket.conn.close();
  else throw new Error(`unknown end ${end}`);
}

async function endAll({ io, http, held }, { clients, last, end }) {
  while (held.length < Number(clients)) await once(http, "held");
  if (last !== "ack") io.emit("last", "x");
  if (last !== "event") for (const answer of held) answer("x");
  if (end === "broadcast") io.disconnectSockets();
  else if (end === "broadcast-close") io.disconnectSockets(true);
  else if (end === "server-close") io.close();
  else throw new Error(`unknown end ${end}`);
}

async function stop(port, { io, http }) {
  servers.delete(port);
  io.close();
  http.closeAllConnections();
}

const control = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://control");
  const [, , number, route] = pathname.split("/");
  const server = servers.get(Number(number));
  let answer = "";
  if (!number) answer = await start();
  else if (request.method === "DELETE") await stop(Number(number), server);
  else if (route === "sessions") answer = server.io.engine.clientsCount;
  else await endAll(server, Object.fromEntries(searchParams));
  response.end(String(answer));
});

control.listen(0, "127.0.0.1", () => console.log(`listening ${control.address().port}`));
