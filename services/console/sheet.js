import { byId, h } from './dom.js';
import { clockTime, length, offset, words } from './format.js';
import { lengthOf, outcomeOf, whatOf } from './latest.js';
import { ask } from './session.js';

const PURPOSES = {
  fault_finding: 'fault finding',
  billing_dispute: 'billing dispute',
  fraud_prevention: 'fraud prevention',
  care: 'customer care',
  own_history: 'own history',
};

let opener;

/** Opens the sheet of one communication: its record, its timeline, its sealed parties. */
export async function openSheet(item, from) {
  opener = from;
  const sheet = byId('sheet');
  byId('sheet-title').textContent = `${whatOf(item)}, ${clockTime(item.startedAt)}`;
  const timeline = h('ol', { class: 'timeline' }, h('li', {}, 'Reading the journal…'));
  byId('sheet-body').replaceChildren(
    record(item),
    h('h3', {}, 'Timeline'),
    timeline,
    h('h3', {}, 'Parties'),
    parties(item),
  );
  sheet.showModal();
  byId('sheet-title').focus();
  try {
    const { items } = await (await ask(`/v1/communications/${item.id}/timeline`)).json();
    timeline.replaceChildren(...items.map((event) => eventRow(event, items[0])));
  } catch (error) {
    timeline.replaceChildren(h('li', { role: 'alert' }, error.message));
  }
}

export function wireSheet() {
  const sheet = byId('sheet');
  byId('close').addEventListener('click', () => sheet.close());
  sheet.addEventListener('click', (event) => {
    if (event.target === sheet) sheet.close();
  });
  sheet.addEventListener('close', () => {
    byId('sheet-body').replaceChildren();
    if (opener?.isConnected) opener.focus();
  });
}

function record(item) {
  const facts = [
    ['Outcome', outcomeOf(item)],
    ['Began', item.startedAt.replace('T', ' ')],
    ['Length', lengthOf(item)],
    ['Rang', item.ringMs === undefined ? undefined : `${(item.ringMs / 1000).toFixed(1)} s`],
    ['On hold', item.holdMs ? length(item.holdMs / 1000) : undefined],
    ['To', item.destination?.masked],
    [
      'Zone',
      [item.destination?.country, item.destination?.zone].filter(Boolean).join(', ') || undefined,
    ],
    [
      'Cause',
      [
        item.q850 === undefined ? '' : `Q.850 ${item.q850}`,
        item.sipStatus === undefined ? '' : `SIP ${item.sipStatus}`,
      ]
        .filter(Boolean)
        .join(', ') || undefined,
    ],
    ['Ended by', item.hangupParty],
    ['Account', item.accountId],
    ['Source', item.source],
    ['Conflicts', item.conflicts > 0 ? String(item.conflicts) : undefined],
    ['Id', h('span', { class: 'mono' }, item.id)],
  ];
  return h(
    'dl',
    { class: 'facts' },
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : [h('dt', {}, name), h('dd', {}, value)],
    ),
  );
}

function eventRow(event, first) {
  const facts = Object.entries(event.facts).slice(0, 8);
  return h(
    'li',
    {},
    h(
      'span',
      { class: 'when' },
      h('time', { datetime: event.at, title: event.at }, offset(first.at, event.at)),
    ),
    h(
      'div',
      {},
      h('p', { class: 'what' }, words(event.type)),
      h(
        'p',
        { class: 'more' },
        ...facts.map(([name, value]) =>
          h(
            'span',
            {},
            `${words(name.replaceAll(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`))}: ${words(value)}`,
          ),
        ),
      ),
      h(
        'p',
        { class: 'more' },
        event.legId === undefined ? '' : h('span', {}, `leg ${event.legId}`),
        event.sealed.length === 0 ? '' : h('span', {}, `sealed: ${event.sealed.join(', ')}`),
        h('span', {}, `${event.log} #${event.position}`),
      ),
    ),
  );
}

function parties(item) {
  if (item.parties.length === 0) return h('p', { class: 'soft' }, 'No party is known.');
  const list = h(
    'dl',
    { class: 'facts' },
    ...item.parties.flatMap(({ role }) => [
      h('dt', {}, roleName(role)),
      h('dd', { class: 'soft' }, 'sealed'),
    ]),
  );
  const box = h('div', {}, list);
  const purposes = item.mayOpenFor ?? [];
  if (purposes.length === 0) return box;
  const choice = h(
    'select',
    { 'aria-label': 'Purpose' },
    ...purposes.map((purpose) => h('option', { value: purpose }, PURPOSES[purpose] ?? purpose)),
  );
  const button = h('button', { type: 'button' }, 'Open numbers');
  const said = h(
    'p',
    { class: 'soft', role: 'status' },
    'Leaves a record of who opened them and why.',
  );
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const answer = await (
        await ask(`/v1/communications/${item.id}/open`, {
          method: 'POST',
          body: { purpose: choice.value },
        })
      ).json();
      list.replaceChildren(
        ...answer.parties.flatMap((party) => [
          h('dt', {}, roleName(party.role)),
          h('dd', {}, partyText(party)),
        ]),
      );
      said.textContent = 'Opened; the access is on record.';
    } catch (error) {
      said.textContent = error.message;
    } finally {
      button.disabled = false;
    }
  });
  box.append(h('div', { class: 'unseal' }, choice, button), said);
  return box;
}

/** What belongs to every party together is what was said. */
const roleName = (role) => (role === 'all' ? 'content' : words(role));

function partyText({ state, number, fields = {} }) {
  if (state !== 'open') return words(state);
  return [number, ...Object.values(fields)].filter(Boolean).join(' · ') || 'nothing';
}
