// Connects the browser client through a proxy with TLS and HTTP/2.
//
//   node deploying_browser.mjs --url https://127.0.0.1:4000 [--transports polling,websocket] [--chromium PATH]
//
// Prints a JSON object: the last transport, and the protocols of the HTTP requests.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    transports: { type: "string", default: "polling,websocket" },
    chromium: { type: "string", default: process.env.CHROMIUM ?? "/usr/bin/chromium" },
  },
});
if (!options.url) {
  console.error("missing option --url: add --url https://127.0.0.1:PORT");
  process.exit(2);
}

const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox"] });
const context = await browser.newContext({ ignoreHTTPSErrors: true });
const page = await context.newPage();
// Any document of the server's origin.
await page.goto(`${options.url}/socket.io/socket.io.js`);
const bundle = createRequire(import.meta.url).resolve("socket.io-client/dist/socket.io.js");
await page.addScriptTag({ path: bundle });
const observed = await page.evaluate(async (transports) => {
  const socket = io({ transports, reconnection: false });
  await new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", (error) => reject(new Error(`connect_error: ${error.message}`)));
  });
  const { engine } = socket.io;
  if (engine.transport.name !== transports.at(-1)) await new Promise((resolve) => engine.once("upgrade", resolve));
  const answer = await socket.timeout(10_000).emitWithAck("number", 5);
  if (answer !== 5) throw new Error(`the answer is ${answer}`);
  const requests = performance.getEntriesByType("resource").filter(({ name }) => name.includes("transport=polling"));
  return { transport: engine.transport.name, protocols: [...new Set(requests.map((entry) => entry.nextHopProtocol))] };
}, options.transports.split(","));
console.log(JSON.stringify(observed));
await browser.close();
process.exit(0);
