// Values to send, and comparisons of received values.

let names = 0;

// Returns a name that no other case or run uses.
export function unique() {
  names += 1;
  return `${Math.random().toString(36).slice(2)}-${names}`;
}

// Returns the numbers below `count` in order.
export function numbers(count) {
  return Array.from({ length: count }, (_, i) => i);
}

// Returns `size` varying bytes.
export function pattern(size) {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + 7) % 256);
}

// Returns the value with its binary parts (a Buffer, an ArrayBuffer or a view) replaced by comparable objects.
export function plain(value) {
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) {
    return { bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

export function assert(condition, message) {
  if (!condition) throw new Error(message);
}

// Asserts deep equality of plain data, regardless of the order of object keys.
export function equal(actual, expected) {
  const [got, wanted] = [canonical(actual), canonical(expected)];
  if (got !== wanted) throw new Error(`expected ${excerpt(wanted)}, got ${excerpt(got)}`);
}

function canonical(value) {
  return value === undefined ? "undefined" : JSON.stringify(value, (_, inner) => {
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function excerpt(text) {
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}
