// The package `ws` that Node's server uses.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

// It is a dependency of a dependency, which may lie anywhere.
const socketio = createRequire(import.meta.url).resolve("socket.io");
const require = createRequire(createRequire(socketio).resolve("engine.io"));

export const { WebSocket } = require("ws");

/** A module of the package that it does not export. */
export const inner = (path) => require(join(dirname(require.resolve("ws")), path));
