// Tiles with a number, and charts with a line per label.

const SAMPLES = 120;
const WIDTH = 600;
const HEIGHT = 140;
const MAX_LINES = 5;

export function tile(title, format, read) {
  const element = make('div', { class: 'card tile' });
  const output = make('output');
  element.append(make('p', {}, title), output);
  return {
    element,
    update() {
      output.textContent = format(read());
    },
  };
}

export function chart(title, unit, format, read) {
  const element = make('article', { class: 'card' });
  const head = make('div', { class: 'head' });
  head.append(make('h2', {}, title), make('span', { class: 'unit' }, unit));
  const picture = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': `${title}, ${unit}` });
  const top = make('div', { class: 'unit' });
  const legend = make('ul', { class: 'legend' });
  element.append(head, top, picture, legend);

  const history = [];
  return {
    element,
    update() {
      history.push(read());
      if (history.length > SAMPLES) {
        history.shift();
      }
      const names = largest(history);
      const values = history.flatMap((sample) => names.map((name) => sample[name] ?? 0));
      const max = Math.max(...values, 0);
      top.textContent = names.length > 0 ? `up to ${format(max)}` : 'no data yet';
      picture.replaceChildren(
        ...[0, 0.5, 1].map((part) => draw('line', { x1: 0, x2: WIDTH, y1: part * HEIGHT, y2: part * HEIGHT })),
        ...names.map((name, index) => draw('path', { d: path(history, name, max), stroke: `var(--c${index})` })),
      );
      legend.replaceChildren(...names.map((name, index) => {
        const item = make('li', {}, `${name} `);
        item.style.setProperty('--color', `var(--c${index})`);
        item.append(make('b', {}, format(history.at(-1)[name] ?? 0)));
        return item;
      }));
    },
  };
}

/** The names with the largest sums, in a stable order. */
function largest(history) {
  const sums = new Map();
  for (const sample of history) {
    for (const [name, value] of Object.entries(sample)) {
      sums.set(name, (sums.get(name) ?? 0) + value);
    }
  }
  return [...sums].sort(([, a], [, b]) => b - a).slice(0, MAX_LINES).map(([name]) => name).sort();
}

function path(history, name, max) {
  const x = (index) => WIDTH - (history.length - 1 - index) * (WIDTH / (SAMPLES - 1));
  const y = (value) => HEIGHT - (max > 0 ? (value / max) * HEIGHT : 0);
  return history
    .map((sample, index) => `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)},${y(sample[name] ?? 0).toFixed(1)}`)
    .join('');
}

function make(tag, attributes = {}, text = '') {
  return set(document.createElement(tag), attributes, text);
}

function draw(tag, attributes) {
  return set(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, '');
}

function set(element, attributes, text) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.textContent = text;
  return element;
}
