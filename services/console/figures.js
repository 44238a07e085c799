import { byId, h, svg } from './dom.js';
import { age, count } from './format.js';

const KEPT = 120;
const SHOWN_MIN = 20;
const rates = [];

/** The four figures, the views and the logs. */
export function showStatus(status) {
  rates.push(status.eventsPerSecond);
  if (rates.length > KEPT) rates.shift();
  const furthest = status.views.toSorted(
    (a, b) => b.lagMs - a.lagMs || b.lagEvents - a.lagEvents,
  )[0];
  byId('rate').textContent = count(status.eventsPerSecond);
  byId('events').textContent = count(status.events);
  byId('lag').textContent = furthest === undefined ? '–' : age(furthest.lagMs);
  byId('quarantined').textContent = count(status.quarantined);
  byId('quarantine-card').classList.toggle('alarm', status.quarantined > 0);
  showSpark();
  byId('views').replaceChildren(...status.views.map(viewRow));
  const logs = new Map(status.logs.map((log) => [log.log, log.head]));
  byId('logs').replaceChildren(
    ...[...logs].map(([log, head]) =>
      h('tr', {}, h('td', { class: 'mono' }, log), h('td', { class: 'num' }, count(head))),
    ),
  );
}

function viewRow({ view, lagEvents, lagMs, eventsPerSecond }) {
  const late = lagMs > 5_000;
  const text = lagEvents === 0 ? 'up to date' : `${count(lagEvents)} · ${age(lagMs)}`;
  return h(
    'tr',
    {},
    h('td', {}, view),
    h('td', { class: 'num' }, h('span', { class: `tag ${late ? 'warn' : 'good'}` }, text)),
    h('td', { class: 'num' }, count(eventsPerSecond)),
  );
}

function showSpark() {
  const top = Math.max(1, ...rates) * 1.15;
  const step = 240 / (Math.max(SHOWN_MIN, rates.length) - 1);
  const points = rates.map((rate, index) => [
    240 - (rates.length - 1 - index) * step,
    48 - (rate / top) * 48,
  ]);
  if (points.length < 2) return;
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' L');
  byId('spark').replaceChildren(
    svg('path', { class: 'area', d: `M${points[0][0].toFixed(1)},48 L${line} L240,48 Z` }),
    svg('path', { class: 'line', d: `M${line}` }),
  );
}
