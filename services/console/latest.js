import { byId, h } from './dom.js';
import { clockTime, length, words } from './format.js';

const FEW = 6;
const shown = new Map();

/** The table of latest communications; rows that are still right are kept, so focus and hover stay. */
export function showLatest(items, open) {
  const body = byId('latest');
  byId('empty').hidden = items.length > 0;
  const first = shown.size === 0;
  const wanted = new Set();
  // A few newcomers are worth a glance; a full table of them would only flicker.
  const few = items.filter(({ id }) => !shown.has(id)).length <= FEW;
  let before = body.firstElementChild;
  for (const item of items) {
    const stamp = JSON.stringify(item);
    wanted.add(item.id);
    const kept = shown.get(item.id);
    if (kept?.stamp === stamp) {
      if (kept.row === before) before = before.nextElementSibling;
      else body.insertBefore(kept.row, before);
      continue;
    }
    const row = rowOf(item, open);
    if (!first && few && kept === undefined) row.classList.add('new');
    if (kept === undefined) body.insertBefore(row, before);
    else
      replace(
        kept.row,
        row,
        () => (before = kept.row === before ? row.nextElementSibling : before),
      );
    shown.set(item.id, { row, stamp });
  }
  for (const [id, { row }] of shown) {
    if (wanted.has(id)) continue;
    row.remove();
    shown.delete(id);
  }
}

/** Keeps the keyboard where it is when a row is drawn anew. */
function replace(old, row, moved) {
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(row);
  moved();
  if (hadFocus) row.querySelector('button').focus();
}

function rowOf(item, open) {
  const button = h('button', { type: 'button', class: 'open' }, clockTime(item.startedAt));
  const show = (event) => {
    event.stopPropagation();
    open(item, button);
  };
  button.addEventListener('click', show);
  return h(
    'tr',
    { onclick: show },
    h('td', { class: 'when' }, button),
    h('td', { class: 'what' }, whatOf(item)),
    h(
      'td',
      { class: 'to mono' },
      item.destination?.masked ?? '–',
      item.destination?.country === undefined
        ? ''
        : h('span', { class: 'soft' }, ` ${item.destination.country}`),
    ),
    h('td', { class: 'account soft' }, item.accountId),
    h('td', { class: 'num length' }, lengthOf(item)),
    h('td', { class: 'outcome' }, outcomeOf(item)),
  );
}

const KINDS = { call: 'call', sms: 'message', voicemail: 'voicemail' };

export const whatOf = ({ kind, direction }) =>
  `${words(direction)} ${KINDS[kind] ?? kind}`.replace(/^./, (c) => c.toUpperCase());

export function lengthOf(item) {
  if (item.kind === 'sms') return item.segments === undefined ? '–' : `${item.segments} seg`;
  return item.status === 'open' ? '…' : length(item.billableSeconds);
}

const GOOD = new Set(['answered', 'delivered', 'deposited', 'listened', 'received']);
const BAD = new Set(['failed', 'rejected', 'expired', 'undelivered']);

export function outcomeOf({ status, disposition }) {
  if (status === 'open') return h('span', { class: 'tag accent' }, words(disposition ?? 'open'));
  if (status === 'timed_out' || status === 'incomplete')
    return h('span', { class: 'tag warn' }, words(status));
  const tone = GOOD.has(disposition) ? 'good' : BAD.has(disposition) ? 'bad' : '';
  return h(
    'span',
    { class: `tag ${tone}` },
    words(disposition),
    status === 'corrected' ? ' · corrected' : '',
  );
}
