// Prints the responses of the package `ws` to `permessage-deflate` offers.
//
//   node negotiate.mjs '[[{}, "permessage-deflate; client_max_window_bits"], …]'
//
// Each case consists of server options and an offer. Prints a JSON list with the response to each offer, or null if it
// is declined.

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
