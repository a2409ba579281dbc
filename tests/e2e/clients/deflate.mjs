// Exchanges compressed messages with the client of the package `ws`.
//
//   node deflate.mjs --url ws://127.0.0.1:4000/engine.io/?EIO=4\&transport=websocket
//     [--offers JSON] [--messages 12] [--largest 131072]
//
// The server echoes every message and compresses messages of any size. Each offer is a set of `ws` options. Prints one
// line per offer and the totals. The exit code is 0 when every offer worked.

import { once } from "node:events";
import { parseArgs } from "node:util";

import { WebSocket } from "./ws.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    offers: { type: "string", default: "" },
    messages: { type: "string", default: "12" },
    largest: { type: "string", default: "131072" },
  },
});

const SIZES = [1, 16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072];
const COMPRESSIBLE = 0.6;

/** Returns every combination of parameters, as in sections 13.1 to 13.7 of Autobahn's test suite. */
function combinations() {
  const offers = [];
  for (const serverNoContextTakeover of [false, true]) {
    for (const clientNoContextTakeover of [false, true]) {
      for (const serverMaxWindowBits of [undefined, 8, 9, 12, 15]) {
        for (const clientMaxWindowBits of [false, true, 9, 15]) {
          offers.push({
            // With `false`, `ws` rejects a response that contains the parameter.
            ...(serverNoContextTakeover && { serverNoContextTakeover }),
            ...(clientNoContextTakeover && { clientNoContextTakeover }),
            ...(serverMaxWindowBits && { serverMaxWindowBits }),
            clientMaxWindowBits,
          });
        }
      }
    }
  }
  return offers;
}

/** Returns a text that resembles events. */
function text(size, seed) {
  let out = "4";
  for (let i = seed; out.length < size; i++) {
    out += JSON.stringify({ id: (i * 7919) % 1000, name: `näme ${i % 17}`, tags: ["a", "b"], at: i * 31 });
  }
  return out.slice(0, size);
}

async function converse(offer, messages) {
  const socket = new WebSocket(options.url, { perMessageDeflate: { ...offer, threshold: 0 } });
  socket.on("error", () => {});
  const inbox = [];
  let wake = () => {};
  socket.on("message", (data, isBinary) => {
    inbox.push(isBinary ? data : data.toString());
    wake();
  });
  const next = async () => {
    while (inbox.length === 0) {
      if (socket.readyState > WebSocket.OPEN) throw new Error(`the connection is closed`);
      await new Promise((resolve) => {
        wake = resolve;
        socket.once("close", resolve);
      });
    }
    return inbox.shift();
  };
  await Promise.race([once(socket, "open"), once(socket, "error").then(([error]) => Promise.reject(error))]);
  if (!("permessage-deflate" in socket._extensions)) throw new Error("the server did not accept the offer");
  if (!(await next()).startsWith("0{")) throw new Error("no open packet");
  const before = socket._socket.bytesRead;
  let sent = 0;
  for (const size of SIZES.filter((size) => size <= Number(options.largest))) {
    for (let i = 0; i < messages; i++) {
      const message = text(size, i);
      const bytes = Buffer.from(message);
      sent += 2 * bytes.length;
      // Sends an unfragmented text, a fragmented binary message, and every fifth text uncompressed.
      socket.send(message, { compress: i % 5 !== 4 });
      const cut = Math.floor(bytes.length / 3);
      socket.send(bytes.subarray(0, cut), { binary: true, compress: true, fin: false });
      socket.ping();
      socket.send(bytes.subarray(cut), { binary: true, fin: true });
      if ((await next()) !== message) throw new Error(`the echo of a text of ${size} characters differs`);
      if (!bytes.equals(await next())) throw new Error(`the echo of ${size} bytes differs`);
    }
  }
  const share = (socket._socket.bytesRead - before) / sent;
  if (share > COMPRESSIBLE) throw new Error(`poorly compressed: ${share.toFixed(2)}`);
  socket.close(1000);
  const [code] = await once(socket, "close");
  if (code !== 1000) throw new Error(`closed with ${code}`);
  return `${socket.extensions}; ${JSON.stringify(socket._extensions["permessage-deflate"].params)}, ${share.toFixed(2)}`;
}

const offers = options.offers ? JSON.parse(options.offers) : combinations();
let failed = 0;
for (const offer of offers) {
  try {
    console.log(`ok ${JSON.stringify(offer)}: ${await converse(offer, Number(options.messages))}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${JSON.stringify(offer)}: ${error.stack}`);
  }
}
console.log(`${offers.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
