import { answerOf } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { openClient } from '../client.ts';
import type { ApiClient } from '../client.ts';
import { REMOTE } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output.ts';

const DIMENSIONS = ['accountId', 'day', 'direction', 'kind', 'prefix', 'zone'];
const FEED_PAGE = 1_000;

export const usageCommand: Command = {
  name: 'usage',
  usage: ['usage [--from T] [--to T] [--account ID] [--by LIST]', 'usage feed [--cursor C]'],
  details: [
    `--by takes any of ${DIMENSIONS.join(', ')}, separated by commas (default accountId,day,kind).`,
    'usage feed prints the entries as NDJSON; with --json each page ends with a line {"next": CURSOR}. What was printed once\nnever changes; go on from the cursor later.',
  ],
  options: {
    from: { type: 'string', value: 'T', help: 'from this UTC day on' },
    to: { type: 'string', value: 'T', help: 'before this UTC day' },
    account: { type: 'string', value: 'ID', help: 'only this account' },
    by: { type: 'string', value: 'LIST', help: 'what to group by' },
    cursor: { type: 'string', value: 'C', help: 'go on behind this place of the feed' },
    ...REMOTE,
  },
  maxArgs: 1,
  async run(invocation) {
    const [what] = invocation.args;
    const client = await openClient(invocation);
    if (what === undefined) return sums(invocation, client);
    if (what === 'feed') return feed(invocation, client);
    throw new CliError('usage', 'usage takes nothing or "feed"; see "tollbook usage --help"');
  },
};

async function sums(invocation: Invocation, client: ApiClient): Promise<void> {
  const { out } = invocation;
  const by = invocation.text('by') ?? 'accountId,day,kind';
  const answer = await client.get('/v1/usage', {
    from: invocation.text('from'),
    to: invocation.text('to'),
    accountId: invocation.text('account'),
    groupBy: by,
  });
  const items = answerOf(answer).list('items');
  if (out.json) {
    for (const item of items) out.result(item.value, () => '');
    return;
  }
  const columns = by.split(',');
  const head = [...columns.map((name) => name.toUpperCase()), 'COUNT', 'SECONDS', 'SEGMENTS'];
  const row = (item: Answer): (string | number | undefined)[] => [
    ...columns.map((name) => item.text(name)),
    item.number('count'),
    item.number('seconds'),
    item.number('segments'),
  ];
  out.line(items.length === 0 ? 'no usage' : table(head, items.map(row)));
}

async function feed(invocation: Invocation, client: ApiClient): Promise<void> {
  const { out } = invocation;
  const progress = out.progress('usage entries');
  let cursor = invocation.text('cursor');
  for (let count = 0; ;) {
    const page = answerOf(await client.get('/v1/usage/feed', { cursor, limit: String(FEED_PAGE) }));
    const items = page.list('items');
    for (const item of items) out.result(item.value, () => JSON.stringify(item.value));
    cursor = page.text('next');
    if (out.json) out.result({ next: cursor }, () => '');
    count += items.length;
    progress.update(count);
    if (page.flag('atEnd') !== false || items.length === 0) break;
  }
  progress.end();
  if (!out.json && cursor !== undefined) out.note(`go on later with --cursor ${cursor}`);
}
