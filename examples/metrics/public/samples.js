// Parses the text format of Prometheus and keeps the last two samples, for rates.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export class Samples {
  #now = { series: [], at: 0 };
  #before = { series: new Map(), at: 0 };

  add(text, at) {
    const series = [];
    for (const line of text.split('\n')) {
      const [, name, labels = '', value] = LINE.exec(line) ?? [];
      if (name !== undefined) {
        const pairs = [...labels.matchAll(LABEL)].map(([, key, text]) => [key, text.replace(/\\(.)/g, '$1')]);
        series.push({ key: `${name}{${labels}}`, name, labels: Object.fromEntries(pairs), value: Number(value) });
      }
    }
    this.#before = {
      series: new Map(this.#now.series.map(({ key, value }) => [key, value])),
      at: this.#now.at,
    };
    this.#now = { series, at };
  }

  /** The sum of a gauge's series. */
  sum(name) {
    return this.#find(name).reduce((sum, { value }) => sum + value, 0);
  }

  /** A gauge's series, added up by a label. */
  by(name, label) {
    return group(this.#find(name), label, ({ value }) => value);
  }

  /** The increase of a counter per second. */
  rate(name, matches) {
    return this.#find(name, matches).reduce((sum, series) => sum + this.#rate(series), 0);
  }

  /** The increases of a counter per second, added up by a label. */
  rateBy(name, label, matches) {
    return group(this.#find(name, matches), label, (series) => this.#rate(series));
  }

  /** A quantile of a histogram since the last sample, interpolated within its bucket. */
  quantile(name, quantile) {
    const buckets = Object.entries(this.rateBy(`${name}_bucket`, 'le'))
      .map(([le, value]) => [le === '+Inf' ? Infinity : Number(le), value])
      .sort(([a], [b]) => a - b);
    const rank = quantile * (buckets.at(-1)?.[1] ?? 0);
    if (rank === 0) {
      return 0;
    }
    let [lower, below] = [0, 0];
    for (const [upper, value] of buckets) {
      if (value >= rank) {
        return upper === Infinity ? lower : lower + ((upper - lower) * (rank - below)) / (value - below);
      }
      [lower, below] = [upper, value];
    }
    return lower;
  }

  #find(name, matches = () => true) {
    return this.#now.series.filter((series) => series.name === name && matches(series.labels));
  }

  #rate({ key, value }) {
    if (this.#before.at === 0) {
      return 0;
    }
    return Math.max(value - (this.#before.series.get(key) ?? 0), 0) / (this.#now.at - this.#before.at);
  }
}

function group(series, label, value) {
  const groups = {};
  for (const one of series) {
    const name = one.labels[label];
    groups[name] = (groups[name] ?? 0) + value(one);
  }
  return groups;
}
