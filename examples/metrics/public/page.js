// Plots the main figures of `/metrics`, which is read once a second.

import { chart, tile } from './charts.js';
import { Samples } from './samples.js';
import { Traffic } from './traffic.js';

const PERIOD = 1000;

const samples = new Samples();
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const count = (value) => (value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : value.toFixed(1));
const bytes = (value) => {
  const units = ['B', 'kB', 'MB', 'GB'];
  const unit = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return `${count(value / 1000 ** unit)} ${units[unit]}`;
};
const time = (seconds) => (seconds >= 1 ? `${seconds.toFixed(1)} s` : `${count(1000 * seconds)} ms`);

const DURATION = 'socketio_event_duration_seconds';
const failed = ({ outcome }) => outcome !== 'ok' && outcome !== 'unhandled';

const tiles = [
  tile('Connections', count, () => samples.sum('socketio_connections')),
  tile('Sockets', count, () => samples.sum('socketio_sockets')),
  tile('Events per second', count, () => samples.rate(`${DURATION}_count`)),
  tile('Duration (p99)', time, () => samples.quantile(DURATION, 0.99)),
  tile('Failed events', percent, () => {
    const all = samples.rate(`${DURATION}_count`);
    return all > 0 ? samples.rate(`${DURATION}_count`, failed) / all : 0;
  }),
];

const charts = [
  chart('Connections', 'by transport', count, () => samples.by('socketio_connections', 'transport')),
  chart('Events', 'per second, by name', count, () => samples.rateBy(`${DURATION}_count`, 'event')),
  chart('Duration of events', 'percentiles', time, () => ({
    p50: samples.quantile(DURATION, 0.5),
    p95: samples.quantile(DURATION, 0.95),
    p99: samples.quantile(DURATION, 0.99),
  })),
  chart('Failed events', 'per second, by outcome', count, () => samples.rateBy(`${DURATION}_count`, 'outcome', failed)),
  chart('Payload', 'bytes per second', bytes, () => samples.rateBy('socketio_message_bytes_total', 'direction')),
  chart('Disconnections', 'per second, by reason', count, () => samples.rateBy('socketio_disconnections_total', 'reason')),
  chart('Events in progress', 'by namespace', count, () => samples.by('socketio_events_pending', 'namespace')),
  chart('Send queues', 'bytes', bytes, () => ({
    all: samples.sum('socketio_send_queue_bytes'),
    longest: samples.sum('socketio_send_queue_bytes_max'),
  })),
];

document.querySelector('#tiles').append(...tiles.map(({ element }) => element));
document.querySelector('#charts').append(...charts.map(({ element }) => element));

const status = document.querySelector('#status');

async function update() {
  try {
    const response = await fetch('/metrics', { cache: 'no-store' });
    if (!response.ok) {
      throw new Error(`/metrics answers ${response.status}`);
    }
    samples.add(await response.text(), performance.now() / 1000);
    for (const { update } of [...tiles, ...charts]) {
      update();
    }
    status.textContent = 'live';
    status.classList.remove('lost');
  } catch (error) {
    status.textContent = `no data: ${error.message}`;
    status.classList.add('lost');
  } finally {
    setTimeout(update, PERIOD);
  }
}

const button = document.querySelector('#traffic');
const traffic = new Traffic();
button.addEventListener('click', () => {
  const runs = traffic.toggle();
  button.textContent = runs ? 'Stop demo traffic' : 'Start demo traffic';
  button.setAttribute('aria-pressed', String(runs));
});

update();
