// Loads the official browser client: from this server if it is installed, otherwise from Socket.IO's CDN.

const SOURCES = [
  { src: '/socket.io/socket.io.min.js' },
  {
    src: 'https://cdn.socket.io/4.8.3/socket.io.min.js',
    integrity: 'sha384-kzavj5fiMwLKzzD1f8S7TeoVIEi7uKHvbTA3ueZkrzYq75pNQUiUi6Dy98Q3fxb0',
    crossOrigin: 'anonymous',
  },
];

/** Resolves to the `io` function of the client. */
export async function loadClient() {
  for (const source of SOURCES) {
    if (await load(source)) return globalThis.io;
  }
  throw new Error('The Socket.IO client could not be loaded. Run `npm ci` in examples/chat, or go online, and reload.');
}

function load(source) {
  return new Promise((resolve) => {
    const script = Object.assign(document.createElement('script'), source);
    script.onload = () => resolve(true);
    script.onerror = () => {
      script.remove();
      resolve(false);
    };
    document.head.append(script);
  });
}
