// What the package `ws` answers to offers of `permessage-deflate`.
//
//     node negotiate.mjs '[[{}, "permessage-deflate; client_max_window_bits"], …]'
//
// Each case is a set of the server's options and an offer. Prints a JSON list: the answer to each, or null if it is refused.

import { inner } from "./ws.mjs";

const { format, parse } = inner("lib/extension.js");
const PerMessageDeflate = inner("lib/permessage-deflate.js");

function answer([options, offer]) {
  try {
    const offers = parse(offer)["permessage-deflate"];
    if (!offers) return null;
    const accepted = new PerMessageDeflate({ ...options, isServer: true }).accept(offers);
    return format({ "permessage-deflate": accepted });
  } catch {
    return null;
  }
}

console.log(JSON.stringify(JSON.parse(process.argv[2]).map(answer)));
