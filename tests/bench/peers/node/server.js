// The measured application on Node's socket.io: `node server.js PORT`.
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer();
const io = new Server(server, { perMessageDeflate: false, httpCompression: false, serveClient: false });

io.on("connection", (socket) => {
  socket.join("room");
  socket.on("echo", (text) => socket.emit("echo", text));
  socket.on("ack", (text, answer) => answer(text));
  socket.on("bin", (bytes) => socket.emit("bin", bytes));
  socket.on("broadcast", (text) => io.to("room").emit("broadcast", text));
  socket.on("join", (rooms, answer) => {
    socket.join(rooms);
    answer();
  });
  socket.on("leave", (rooms, answer) => {
    for (const room of rooms) socket.leave(room);
    answer();
  });
});

server.listen({ port: Number(process.argv[2]), host: "127.0.0.1", backlog: 4096 });
