// Exchanges compressed messages in headless Chromium.
//
//   node deflate_browser.mjs --url ws://127.0.0.1:4000/engine.io/?EIO=4\&transport=websocket
//     [--chromium /usr/bin/chromium]
//
// The server echoes every message. Prints the negotiated extensions. The exit code is 0 when every echo was equal.

import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    chromium: { type: "string", default: process.env.CHROMIUM ?? "/usr/bin/chromium" },
  },
});

const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
});
try {
  const page = await browser.newPage();
  const extensions = await page.evaluate(async (url) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const inbox = [];
    let wake = () => {};
    socket.onmessage = ({ data }) => {
      inbox.push(data);
      wake();
    };
    socket.onclose = () => wake();
    const next = async () => {
      while (inbox.length === 0) {
        if (socket.readyState > WebSocket.OPEN) throw new Error("the connection is closed");
        await new Promise((resolve) => (wake = resolve));
      }
      return inbox.shift();
    };
    if (!(await next()).startsWith("0{")) throw new Error("no open packet");
    for (const size of [1, 100, 1023, 1024, 5000, 70000, 900000]) {
      for (let round = 0; round < 5; round++) {
        const text = "4" + `{"é":${round},"name":"x"}`.repeat(Math.ceil(size / 20)).slice(0, size);
        const bytes = new TextEncoder().encode(text);
        socket.send(text);
        socket.send(bytes);
        if ((await next()) !== text) throw new Error(`the echo of a text of ${size} characters differs`);
        const echo = new Uint8Array(await next());
        if (echo.length !== bytes.length || echo.some((byte, at) => byte !== bytes[at])) {
          throw new Error(`the echo of ${size} bytes differs`);
        }
      }
    }
    return socket.extensions;
  }, options.url);
  console.log(`negotiated: ${extensions}`);
} finally {
  await browser.close();
}
