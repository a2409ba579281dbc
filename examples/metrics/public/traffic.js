// A few clients that send events, so that there is something to plot. They speak the protocol by hand to need no
// library; an application uses `socket.io-client`.

const CLIENTS = 6;
const PERIOD = 150;
const EVENTS = [
  () => ['add', random(100), random(100)],
  () => ['add', random(100), random(100)],
  () => ['search', 'socket'.slice(0, 1 + random(6))],
  () => ['say', `lobby-${random(3)}`, 'hello'],
  () => ['add', 'no number'],
  () => ['misspelt'],
];

export class Traffic {
  #clients = [];

  /** Starts the clients, or stops them. Returns whether they run. */
  toggle() {
    if (this.#clients.length > 0) {
      this.#clients.splice(0).forEach((client) => client.stop());
      return false;
    }
    this.#clients = Array.from({ length: CLIENTS }, () => new Client());
    return true;
  }
}

class Client {
  #socket;
  #timer;

  constructor() {
    const url = new URL('/socket.io/?EIO=4&transport=websocket', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    this.#socket = new WebSocket(url);
    this.#socket.onmessage = ({ data }) => {
      if (data.startsWith('0')) {
        this.#socket.send('40');
        this.#socket.send('40/members,');
      } else if (data === '2') {
        this.#socket.send('3');
      } else if (data.startsWith('40{')) {
        this.#timer = setInterval(() => this.#emit(), PERIOD);
      } else if (/^42\d+/.test(data)) {
        const [, id] = /^42(\d+)/.exec(data);
        this.#socket.send(`43${id}[true]`);
      }
    };
  }

  #emit() {
    const event = EVENTS[random(EVENTS.length)]();
    this.#socket.send(`421${JSON.stringify(event)}`);
  }

  stop() {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}

function random(below) {
  return Math.floor(Math.random() * below);
}
