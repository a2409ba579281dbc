// Decodes texts with Node's parser, for comparison. Each line of the input is a text as a JSON string.
//
//   node parser.mjs
//
// Prints a line per text: the packet as JSON, or `error`. The id of a packet may be `null`: it is not a number.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { Decoder } = createRequire(import.meta.url)("socket.io-parser");

for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { type, nsp, id, data } = new Decoder().decodeString(JSON.parse(line));
    console.log(JSON.stringify({ type, nsp, id, data }));
  } catch {
    console.log("error");
  }
}
