import { delay } from '#platform';
import { answerOf, lengthText, shortTime } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { openClient } from '../client.ts';
import type { ApiClient } from '../client.ts';
import { REMOTE } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output.ts';
import { allOf, pages } from '../pages.ts';

export const cdrCommand: Command = {
  name: 'cdr',
  usage: [
    'cdr list [--account ID] [--kind call|sms|voicemail] [--status S] [--from T] [--to T] [--limit N]',
    'cdr show ID [--open PURPOSE]',
  ],
  details: [
    'Numbers are masked: what shows are clear facts, and nothing is opened. --open PURPOSE (fault_finding, billing_dispute,\n' +
      'fraud_prevention; care for agents) opens the parties of one record, after who opened them and why was put on record.',
  ],
  options: {
    account: { type: 'string', value: 'ID', help: 'only this account' },
    kind: { type: 'string', value: 'KIND', help: 'call, sms or voicemail' },
    status: { type: 'string', value: 'S', help: 'open, final, corrected, timed_out or incomplete' },
    from: { type: 'string', value: 'T', help: 'began at or after this time or UTC day (ISO 8601)' },
    to: { type: 'string', value: 'T', help: 'began before it' },
    limit: { type: 'string', value: 'N', help: 'at most this many (default 20)' },
    open: { type: 'string', value: 'PURPOSE', help: 'open the parties for this purpose' },
    ...REMOTE,
  },
  maxArgs: 2,
  async run(invocation) {
    const [what = 'list', id] = invocation.args;
    if (what === 'list') return list(invocation);
    if (what === 'show' && id !== undefined) return show(invocation, id);
    throw new CliError('usage', 'cdr takes "list", or "show" and an id; see "tollbook cdr --help"');
  },
};

const TRIES = 8;
const TRY_AGAIN_MS = 250;

async function list(invocation: Invocation): Promise<void> {
  const { out } = invocation;
  const client = await openClient(invocation);
  const limit = invocation.count('limit', 20, { min: 1, max: 1_000_000 });
  const query = {
    accountId: invocation.text('account'),
    kind: invocation.text('kind'),
    status: invocation.text('status'),
    from: invocation.text('from'),
    to: invocation.text('to'),
  };
  const found = pages(
    (size, cursor) => client.get('/v1/communications', { ...query, limit: String(size), cursor }),
    limit,
  );
  if (out.json) {
    for await (const items of found) for (const item of items) out.result(item.value, () => '');
    return;
  }
  const items = await allOf(found);
  out.line(
    items.length === 0
      ? 'no records'
      : table(
          ['BEGAN (UTC)', 'WHAT', 'TO', 'ACCOUNT', 'LENGTH', 'STATUS', 'OUTCOME', 'ID'],
          items.map(rowOf),
        ),
  );
}

function rowOf(item: Answer): (string | undefined)[] {
  const segments = item.number('segments');
  return [
    shortTime(item.text('startedAt')),
    `${item.text('direction') ?? ''} ${item.text('kind') ?? ''}`,
    item.part('destination').text('masked'),
    item.text('accountId'),
    item.text('kind') === 'sms'
      ? `${segments ?? '-'} seg`
      : lengthText(item.number('billableSeconds')),
    item.text('status'),
    item.text('disposition'),
    item.text('id'),
  ];
}

async function show(invocation: Invocation, id: string): Promise<void> {
  const { out } = invocation;
  const client = await openClient(invocation);
  const path = `/v1/communications/${encodeURIComponent(id)}`;
  const record = answerOf(await getSoon(client, path));
  const timeline = answerOf(await client.get(`${path}/timeline`)).list('items');
  const opened = await openParties(client, path, invocation.text('open'));
  const whole = {
    ...Object(record.value),
    timeline: timeline.map((event) => event.value),
    ...(opened === undefined ? {} : { parties: opened.value }),
  };
  out.result(whole, () =>
    [
      ...recordLines(record),
      '',
      'Timeline',
      ...timelineLines(timeline),
      '',
      'Parties',
      ...partyLines(opened?.items ?? record.list('parties')),
    ].join('\n'),
  );
}

/** The views follow the journal a moment behind: what was just handed in is asked for again. */
async function getSoon(client: ApiClient, path: string): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await client.get(path);
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'not_found' || tries >= TRIES) throw error;
      await delay(TRY_AGAIN_MS);
    }
  }
}

async function openParties(client: ApiClient, path: string, purpose: string | undefined) {
  if (purpose === undefined) return undefined;
  const answer = answerOf(await client.post(`${path}/open`, { purpose }));
  const items = answer.list('parties');
  return { items, value: items.map((item) => item.value) };
}

const SHOWN = [
  'id',
  'kind',
  'direction',
  'status',
  'disposition',
  'accountId',
  'source',
  'startedAt',
  'answeredAt',
  'endedAt',
  'hangupParty',
];
const COUNTED = [
  'billableSeconds',
  'ringMs',
  'talkMs',
  'holdMs',
  'segments',
  'q850',
  'sipStatus',
  'conflicts',
];

function recordLines(record: Answer): string[] {
  const rows: [string, string | undefined][] = SHOWN.map((name) => [name, record.text(name)]);
  const to = record.part('destination');
  rows.push([
    'to',
    [to.text('masked'), to.text('country'), to.text('zone')]
      .filter((part) => part !== undefined)
      .join(', ') || undefined,
  ]);
  for (const name of COUNTED) rows.push([name, record.number(name)?.toString()]);
  return rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(16)} ${value}`],
  );
}

function timelineLines(events: readonly Answer[]): string[] {
  return events.map((event) => {
    const facts = Object.entries(Object(event.part('facts').value)).map(
      ([name, value]) => `${name}=${String(value)}`,
    );
    const leg = event.text('legId');
    const sealed = event.list('sealed').map((party) => String(party.value));
    const more = [
      leg === undefined ? '' : `leg ${leg}`,
      ...facts,
      sealed.length === 0 ? '' : `sealed: ${sealed.join(', ')}`,
    ];
    const place = `${event.text('log') ?? ''} #${event.number('position') ?? ''}`;
    return `  ${(event.text('at') ?? '').replace('T', ' ').padEnd(28)} ${(event.text('type') ?? '').padEnd(22)} ${[...more.filter((part) => part !== ''), place].join('  ')}`;
  });
}

function partyLines(parties: readonly Answer[]): string[] {
  if (parties.length === 0) return ['  none known'];
  return parties.map((party) => {
    const fields = Object.entries(Object(party.part('fields').value ?? {})).map(
      ([name, value]) => `${name}=${String(value)}`,
    );
    const said =
      party.text('state') === 'open'
        ? [party.text('number') ?? '-', ...fields].join('  ')
        : (party.text('state') ?? '');
    return `  ${(party.text('role') ?? '').padEnd(12)} ${said}`;
  });
}
