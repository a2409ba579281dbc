// Encodes and decodes packets with Node's MessagePack parser, for comparison.
//
//   node notepack.mjs generate COUNT SEED
//
// Prints a line per packet: its bytes, its payload as JSON with placeholders, the attachments, and whether other
// parsers should encode the same bytes.
//
//   node notepack.mjs check
//
// Reads lines with bytes, payload and attachments, and compares them.
//
// Bytes are hexadecimal. Columns are separated by tabs, attachments by commas.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const { Decoder, Encoder } = require("socket.io-msgpack-parser");

const EVENT = 2;
const LENGTHS = [0, 1, 2, 8, 15, 16, 31, 32, 33, 255, 256];
const TEXTS = ["", "a", "é", "漢", "😀", '"', "\\", "/", "\n", "\t", "\u0000", "\u001f", "\u007f", "\u2028"];
const FRACTIONS = [0.5, -0.5, 0.1, 1.1, -1234.5678, 5e-324, 2.5e-10, 0.30000000000000004];

const [mode, count, seed] = process.argv.slice(2);
if (mode === "generate") generate(Number(count), Number(seed));
else await check();

function generate(count, seed) {
  const random = generator(seed);
  for (let i = 0; i < count; i++) {
    const traits = { exact: true };
    const data = ["event", ...list(random(4), () => value(random, 4, traits))];
    const packet = { type: EVENT, data };
    if (random(2)) packet.id = integer(random, 53);
    packet.nsp = random(2) ? "/" : "/namespace";
    const [bytes] = new Encoder().encode(packet);
    const { json, attachments } = deconstruct(data);
    console.log([bytes.toString("hex"), json, attachments.join(), traits.exact].join("\t"));
  }
}

async function check() {
  let checked = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const [bytes, json, attachments] = line.split("\t");
    const decoder = new Decoder();
    let data;
    decoder.on("decoded", (packet) => ({ data } = packet));
    decoder.add(Buffer.from(bytes, "hex"));
    const read = deconstruct(data);
    if (JSON.stringify(JSON.parse(json)) !== read.json || attachments !== read.attachments.join()) {
      console.log(`not ok ${line}\n  decodes to ${read.json} ${read.attachments}`);
      process.exit(1);
    }
    checked += 1;
  }
  console.log(`ok ${checked}`);
}

// Returns the payload as JSON with placeholders for binary, and the binary.
function deconstruct(data) {
  const attachments = [];
  const replace = (value) => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      attachments.push(Buffer.from(value).toString("hex"));
      return { _placeholder: true, num: attachments.length - 1 };
    }
    if (value instanceof Date || value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(replace);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  const json = JSON.stringify(replace(data));
  return { json, attachments };
}

function value(random, depth, traits) {
  switch (random(depth > 0 ? 14 : 11)) {
    case 0:
      return null;
    case 1:
      return random(2) === 1;
    case 2:
    case 3:
      return integer(random, 64);
    case 4:
      return FRACTIONS[random(FRACTIONS.length)];
    case 5:
    case 6:
      return text(random);
    case 7:
      return Buffer.from(list(LENGTHS[random(LENGTHS.length)], () => random(256)));
    case 8:
      // Values that exist only in JavaScript: `undefined`, `Date` and `ArrayBuffer`.
      traits.exact = false;
      return undefined;
    case 9:
      traits.exact = false;
      return new Date(random(2) ? integer(random, 40) * 1000 + random(1000) : -integer(random, 46));
    case 10:
      traits.exact = false;
      return Uint8Array.from(list(LENGTHS[random(LENGTHS.length)], () => random(256))).buffer;
    case 11:
    case 12:
      return list(random(random(8) ? 4 : 20), () => value(random, depth - 1, traits));
    default: {
      const members = list(random(random(8) ? 4 : 20), () => [`k${text(random)}`, value(random, depth - 1, traits)]);
      return Object.fromEntries(members);
    }
  }
}

// Returns an integer close to a power of 2, below 2 to the power of `bits`.
function integer(random, bits) {
  const number = 2 ** random(bits) + random(3) - 1;
  return random(2) || bits < 64 ? Math.max(number, 0) : -Math.min(number, 2 ** 63);
}

function text(random) {
  return list(LENGTHS[random(random(4) ? 5 : LENGTHS.length)], () => TEXTS[random(TEXTS.length)]).join("");
}

function list(length, element) {
  return Array.from({ length }, element);
}

// Mulberry32: returns a generator of integers below a bound, reproducible from the seed.
function generator(seed) {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
