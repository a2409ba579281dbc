// Waiting for what a socket should receive: always for an event, and with a limit that fails the case.

export const WAIT_MS = 10_000;

// The arguments of the next event of this name.
export function event(emitter, name, ms = WAIT_MS) {
  return within(`the event ${JSON.stringify(name)}`, ms, (resolve) => emitter.once(name, (...args) => resolve(args)));
}

// Resolves when the condition holds after an event of this name.
export function until(emitter, name, condition, ms = WAIT_MS) {
  return within(`enough events ${JSON.stringify(name)}`, ms, (resolve) => {
    emitter.on(name, () => condition() && resolve());
  });
}

// The first argument of the server's acknowledgement.
export async function call(socket, name, ...args) {
  return (await callAll(socket, name, ...args))[0];
}

// All arguments of the server's acknowledgement.
export function callAll(socket, name, ...args) {
  return within(`the acknowledgement of ${JSON.stringify(name)}`, WAIT_MS, (resolve) => {
    socket.emit(name, ...args, (...answers) => resolve(answers));
  });
}

export function echo(socket, ...args) {
  const back = event(socket, "echo");
  socket.emit("echo", ...args);
  return back;
}

// The first arguments of all events of this name from now on.
export function record(socket, name) {
  const heard = [];
  socket.on(name, (value) => heard.push(value));
  return heard;
}

// Everything that the server sent to these sockets before now has arrived when this resolves.
export function fence(sockets) {
  return Promise.all(sockets.map((socket) => call(socket, "ack", "fence")));
}

export async function upgraded(socket, ms = WAIT_MS) {
  const { engine } = socket.io;
  // The event comes when the new transport is in use.
  if (engine.transport.name === "polling") await event(engine, "upgrade", ms);
}

function within(what, ms, start) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} did not arrive in ${ms} ms`)), ms);
    start((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

// Lets timers and sockets have their turn.
export function turn() {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
