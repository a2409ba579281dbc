// The behaviour suite: how a Socket.IO client and the application in ../FIXTURE.md interact.
//
// It runs unchanged in Node and in browsers, so it imports no module of either: the client is an argument. Cases do not
// sleep to check that an event does not arrive. They use a fence: a request whose answer the server sends after that
// event.

import { connecting } from "./cases/connecting.mjs";
import { leaving } from "./cases/leaving.mjs";
import { messages } from "./cases/messages.mjs";
import { order } from "./cases/order.mjs";
import { recovery } from "./cases/recovery.mjs";
import { rooms } from "./cases/rooms.mjs";
import { Session } from "./session.mjs";

const suites = {
  behaviour: { ...connecting, ...messages, ...rooms, ...leaving, ...order },
  // Requires a server with connection state recovery.
  recovery,
};

// A case can restrict the clients that run it: from version `since` (4.01 is 4.1), up to major version `until`, and
// with transports for which `transport` returns true.

/**
 * Runs the suite and returns `{ passed, failed }`.
 *
 * - `io`: the connect function of the client module, `version`: its version;
 * - `url`: the server, `transports`: the client option, `clientOptions`: additional client options;
 * - `msgpack`: whether the client uses socket.io-msgpack-parser;
 * - `suite`: the set of cases, `behaviour` or `recovery`;
 * - `loadClients`: the number of clients in the load case;
 * - `only`: runs the cases whose name contains this text; `print`: receives each line of the report.
 */
export async function runSuite({ io, version, url, transports, clientOptions = {}, msgpack = false, loadClients, suite = "behaviour", only = "", print }) {
  const [major, minor] = version.split(".").map(Number);
  const settings = { io, major, url, transports, clientOptions, msgpack, loadClients };
  const totals = { passed: 0, failed: 0 };
  for (const [name, { since = 0, until = Infinity, transport, run }] of Object.entries(suites[suite])) {
    if (!name.includes(only)) continue;
    if (major + minor / 100 < since) {
      print(`skip ${name}: requires a newer client`);
      continue;
    }
    if (major > until) {
      print(`skip ${name}: requires an older client`);
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
    print(`not ok suite: no case name contains "${only}"`);
  }
  print(`${totals.passed} passed, ${totals.failed} failed`);
  return totals;
}
