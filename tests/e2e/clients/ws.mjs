// The package `ws` that Node's server uses.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// It is a transitive dependency, so its location depends on how npm installs it.
const socketio = createRequire(import.meta.url).resolve("socket.io");
const require = createRequire(createRequire(socketio).resolve("engine.io"));

export const { WebSocket } = require("ws");

/** Loads an internal module of the package. */
export const inner = (path) => require(join(dirname(require.resolve("ws")), path));
