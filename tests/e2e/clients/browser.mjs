// Runs the behaviour suite with the official bundle of socket.io-client in headless Chromium.
//
//   node browser.mjs --url http://127.0.0.1:4000 [--transports polling,websocket] [--load-clients 20]
//     [--only NAME] [--certificate-hash HEX] [--msgpack] [--client socket.io-client]
//     [--client-options '{"forceJSONP":true}'] [--chromium /usr/bin/chromium]
//
// With a certificate hash, WebTransport sessions use the UDP port of the same number. The page is `GET /` of the
// fixture, so its origin is the server's and CORS is not involved. Prints one line per case and the totals. The exit
// code is 0 when every case passed.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    transports: { type: "string", default: "polling,websocket" },
    client: { type: "string", default: "socket.io-client" },
    "client-options": { type: "string", default: "{}" },
    // Uses the bundle with MessagePack. The server must use it too.
    msgpack: { type: "boolean", default: false },
    // The SHA-256 hash of the server's self-signed certificate for WebTransport.
    "certificate-hash": { type: "string", default: "" },
    // Chromium opens at most six connections to a host, and each client uses one until it has upgraded.
    "load-clients": { type: "string", default: "20" },
    only: { type: "string", default: "" },
    chromium: { type: "string", default: process.env.CHROMIUM ?? "/usr/bin/chromium" },
  },
});
if (!options.url) {
  console.error("missing option --url: add --url http://127.0.0.1:PORT");
  process.exit(2);
}

const require = createRequire(import.meta.url);
const { version } = require(`${options.client}/package.json`);
const clientOptions = JSON.parse(options["client-options"]);
// The server serves the client bundles of its version (`serveClient`).
const served = options.client === "socket.io-client";
const bundle = `${options.url}/socket.io/socket.io.${options.msgpack ? "msgpack." : ""}min.js`;
const esm = `${options.url}/socket.io/socket.io.esm.min.js`;

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    ...(options["certificate-hash"] ? [] : ["--disable-quic"]),
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

let exitCode = 1;
try {
  console.log(`# ${options.client} ${version}, ${options.transports}, ${options["client-options"]}${options.msgpack ? ", msgpack" : ""}, Chromium ${browser.version()}`);
  const page = await browser.newPage();
  page.on("pageerror", (error) => console.log(`# page error: ${error.stack ?? error}`));
  await page.exposeFunction("print", (line) => console.log(line));
  const answer = await page.goto(`${options.url}/`);
  if (answer.status() !== 200) throw new Error(`GET / returned ${answer.status()}: check that the server runs the fixture application`);
  if (served) {
    await page.addScriptTag({ url: bundle });
    const isClient = await page.evaluate(async (url) => typeof (await import(url)).io === "function", esm);
    if (!isClient) throw new Error(`${esm} does not export the client`);
  } else {
    await page.addScriptTag({ path: require.resolve(`${options.client}/dist/socket.io.js`) });
  }
  // Serves the modules from this folder. Once they are loaded, no request is intercepted.
  await page.route("**/suite/**", (route, request) => {
    const name = new URL(request.url()).pathname.replace("/suite/", "");
    return route.fulfill({ path: fileURLToPath(new URL(name, import.meta.url)), contentType: "text/javascript" });
  });
  await page.evaluate(async () => {
    globalThis.runSuite = (await import("/suite/cases.mjs")).runSuite;
  });
  await page.unrouteAll();
  const totals = await page.evaluate(
    // `print` is asynchronous across the page boundary. The report is complete when every call has resolved.
    async ({ certificateHash, ...settings }) => {
      const printed = [];
      if (certificateHash) {
        const value = Uint8Array.from(certificateHash.match(/../g), (byte) => Number.parseInt(byte, 16));
        const serverCertificateHashes = [{ algorithm: "sha-256", value }];
        settings.clientOptions.transportOptions = { webtransport: { serverCertificateHashes } };
      }
      const report = await globalThis.runSuite({
        ...settings,
        io: globalThis.io,
        print: (line) => printed.push(globalThis.print(line)),
      });
      await Promise.all(printed);
      return report;
    },
    {
      url: options.url,
      version,
      clientOptions,
      certificateHash: options["certificate-hash"],
      msgpack: options.msgpack,
      transports: options.transports.split(","),
      loadClients: Number(options["load-clients"]),
      only: options.only,
    },
  );
  exitCode = totals.failed === 0 ? 0 : 1;
} catch (error) {
  console.log(`not ok browser: ${error.stack ?? error}`);
} finally {
  await browser.close();
}
process.exit(exitCode);
