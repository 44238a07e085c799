import { lengthText, shortTime } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { openClient } from '../client.ts';
import { REMOTE } from '../command.ts';
import type { Command } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output.ts';
import { allOf, pages } from '../pages.ts';

export const historyCommand: Command = {
  name: 'history',
  usage: ['history ACCOUNT [--number N|-] [--from T] [--to T] [--limit N] [--purpose P]'],
  details: [
    "Opens numbers, so it takes a purpose (fault_finding, billing_dispute, fraud_prevention; care for agents; an account's own\n" +
      'token needs none), and who looked and why is on record first.',
    '--number - reads the number from standard input, which keeps it out of the shell history and the process list.',
  ],
  options: {
    number: {
      type: 'string',
      value: 'N',
      help: 'only with this number (E.164 or extension); "-": read it from standard input',
    },
    thread: { type: 'string', value: 'T', help: 'only this message thread' },
    from: { type: 'string', value: 'T', help: 'began at or after this time or UTC day (ISO 8601)' },
    to: { type: 'string', value: 'T', help: 'began before it' },
    limit: { type: 'string', value: 'N', help: 'at most this many (default 20)' },
    purpose: { type: 'string', value: 'P', help: 'why the numbers are opened' },
    ...REMOTE,
  },
  maxArgs: 1,
  async run(invocation) {
    const [account] = invocation.args;
    if (account === undefined)
      throw new CliError('usage', 'history takes an account; see "tollbook history --help"');
    const client = await openClient(invocation);
    const given = invocation.text('number');
    const search = {
      number: given === '-' ? await readLine() : given,
      thread: invocation.text('thread'),
      from: invocation.text('from'),
      to: invocation.text('to'),
      purpose: invocation.text('purpose'),
    };
    const limit = invocation.count('limit', 20, { min: 1, max: 1_000_000 });
    const path = `/v1/accounts/${encodeURIComponent(account)}/history/search`;
    const found = pages(
      (size, cursor) => client.post(path, { ...search, limit: size, cursor }),
      limit,
    );
    if (invocation.out.json) {
      for await (const items of found)
        for (const item of items) invocation.out.result(item.value, () => '');
      return;
    }
    const items = await allOf(found);
    invocation.out.line(
      items.length === 0
        ? 'no records'
        : table(
            ['BEGAN (UTC)', 'WHAT', 'WITH', 'OWN NUMBER', 'LENGTH', 'OUTCOME'],
            items.map(rowOf),
          ),
    );
  },
};

async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += String(chunk);
  return text.trim();
}

function rowOf(item: Answer): (string | undefined)[] {
  return [
    shortTime(item.text('startedAt')),
    `${item.text('direction') ?? ''} ${item.text('kind') ?? ''}`,
    partyOf(item.part('counterpart')),
    partyOf(item.part('own')),
    item.text('kind') === 'sms'
      ? `${item.number('segments') ?? '-'} seg`
      : lengthText(item.number('durationSeconds')),
    item.text('disposition'),
  ];
}

function partyOf(party: Answer): string | undefined {
  return party.text('state') === 'open' ? party.text('number') : party.text('state');
}
