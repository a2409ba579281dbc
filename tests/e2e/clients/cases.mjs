// The behaviour suite: what a Socket.IO client expects of the application in ../FIXTURE.md.
//
// It runs unchanged in Node and in a browser, so it imports nothing of theirs: the client module is an argument.
// A case never sleeps to see whether something arrives. "Did not arrive" is proved by a fence: a request whose answer
// the server sends later than what is feared.

import { connecting } from "./cases/connecting.mjs";
import { leaving } from "./cases/leaving.mjs";
import { messages } from "./cases/messages.mjs";
import { order } from "./cases/order.mjs";
import { recovery } from "./cases/recovery.mjs";
import { rooms } from "./cases/rooms.mjs";
import { Session } from "./session.mjs";

const suites = {
  behaviour: { ...connecting, ...messages, ...rooms, ...leaving, ...order },
  // For a server with connection state recovery.
  recovery,
};

// A case may say which clients it is for: those `since` a version (4.01 is 4.1), those `until` a major version, those
// whose transports please `transport`.

/**
 * Runs the suite and returns `{ passed, failed }`.
 *
 * - `io`: the client module's connecting function, `version` its version;
 * - `url`: the server, `transports`: the client's option, `clientOptions`: more of its options;
 * - `msgpack`: whether the client has socket.io-msgpack-parser;
 * - `suite`: which cases, `behaviour` or `recovery`;
 * - `loadClients`: how many clients the load case connects;
 * - `only`: run the cases whose name contains this; `print`: receives each line of the report.
 */
export async function runSuite({ io, version, url, transports, clientOptions = {}, msgpack = false, loadClients, suite = "behaviour", only = "", print }) {
  const [major, minor] = version.split(".").map(Number);
  const settings = { io, major, url, transports, clientOptions, msgpack, loadClients };
  const totals = { passed: 0, failed: 0 };
  for (const [name, { since = 0, until = Infinity, transport, run }] of Object.entries(suites[suite])) {
    if (!name.includes(only)) continue;
    if (major + minor / 100 < since) {
      print(`skip ${name}: needs a later client`);
      continue;
    }
    if (major > until) {
      print(`skip ${name}: needs an older client`);
      continue;
    }
    if (transport && !transport(transports)) continue;
    const session = new Session(settings);
    try {
      await run(session);
      totals.passed += 1;
      print(`ok ${name}`);
    } catch (error) {
      totals.failed += 1;
      print(`not ok ${name}: ${error?.stack ?? error}`);
    } finally {
      await session.close();
    }
  }
  if (totals.passed + totals.failed === 0) {
    totals.failed = 1;
    print(`not ok suite: no case is named like "${only}"`);
  }
  print(`${totals.passed} passed, ${totals.failed} failed`);
  return totals;
}
