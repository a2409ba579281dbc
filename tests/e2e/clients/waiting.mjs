// Functions that wait for events of a socket, with a time limit that fails the case.

export const WAIT_MS = 10_000;

// Resolves to the arguments of the next event of this name.
export function event(emitter, name, ms = WAIT_MS) {
  return within(`the event ${JSON.stringify(name)}`, ms, (resolve) => emitter.once(name, (...args) => resolve(args)));
}

// Resolves when the condition holds after an event of this name.
export function until(emitter, name, condition, ms = WAIT_MS) {
  return within(`enough events ${JSON.stringify(name)}`, ms, (resolve) => {
    emitter.on(name, () => condition() && resolve());
  });
}

// Resolves to the first argument of the server's acknowledgement.
export async function call(socket, name, ...args) {
  return (await callAll(socket, name, ...args))[0];
}

// Resolves to all arguments of the server's acknowledgement.
export function callAll(socket, name, ...args) {
  return within(`the acknowledgement of ${JSON.stringify(name)}`, WAIT_MS, (resolve) => {
    socket.emit(name, ...args, (...answers) => resolve(answers));
  });
}

export function echo(socket, ...args) {
  const answer = event(socket, "echo");
  socket.emit("echo", ...args);
  return answer;
}

// Returns a list that collects the first argument of each event of this name from now on.
export function record(socket, name) {
  const received = [];
  socket.on(name, (value) => received.push(value));
  return received;
}

// Resolves when these sockets have received everything that the server has sent so far.
export function fence(sockets) {
  return Promise.all(sockets.map((socket) => call(socket, "ack", "fence")));
}

export async function upgraded(socket, ms = WAIT_MS) {
  const { engine } = socket.io;
  // The engine emits `upgrade` when the new transport is in use.
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

// Yields to timers and sockets.
export function nextTick() {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
