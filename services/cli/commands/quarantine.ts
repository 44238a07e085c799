import { answerOf, shortTime } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { openClient } from '../client.ts';
import type { ApiClient } from '../client.ts';
import { REMOTE } from '../command.ts';
import type { Command, Invocation } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../output.ts';
import { allOf, pages } from '../pages.ts';

export const quarantineCommand: Command = {
  name: 'quarantine',
  usage: [
    'quarantine list [--reason R] [--limit N]',
    'quarantine show ID [--open PURPOSE]',
    'quarantine replay ID...',
    'quarantine replay --all [--reason R]',
  ],
  details: [
    'A quarantined record is kept sealed for some weeks. --open PURPOSE prints its body (with --json as base64), after who\n' +
      'opened it and why was put on record. A replay tries it again, as after a schema was mended; repeating one is harmless.',
  ],
  options: {
    reason: { type: 'string', value: 'R', help: 'only with this reason' },
    limit: { type: 'string', value: 'N', help: 'at most this many (default 20)' },
    open: { type: 'string', value: 'PURPOSE', help: 'open the body for this purpose' },
    all: { type: 'boolean', help: 'replay every one not yet accepted' },
    ...REMOTE,
  },
  maxArgs: 1_000,
  async run(invocation) {
    const [what = 'list', ...ids] = invocation.args;
    const client = await openClient(invocation);
    if (what === 'list' && ids.length === 0) return list(invocation, client);
    if (what === 'show' && ids[0] !== undefined && ids.length === 1)
      return show(invocation, client, ids[0]);
    if (what === 'replay' && invocation.flag('all') !== ids.length > 0)
      return replay(invocation, client, ids);
    throw new CliError(
      'usage',
      'quarantine takes "list", "show" and an id, or "replay" and ids or --all; see "tollbook quarantine --help"',
    );
  },
};

function find(
  invocation: Invocation,
  client: ApiClient,
  limit: number,
): AsyncGenerator<readonly Answer[]> {
  const reason = invocation.text('reason');
  return pages(
    (size, cursor) => client.get('/v1/quarantine', { reason, limit: String(size), cursor }),
    limit,
  );
}

async function list(invocation: Invocation, client: ApiClient): Promise<void> {
  const { out } = invocation;
  const limit = invocation.count('limit', 20, { min: 1, max: 1_000_000 });
  const items = await allOf(find(invocation, client, limit));
  if (out.json) {
    for (const item of items) out.result(item.value, () => '');
    return;
  }
  const rows = items.map((item) => [
    shortTime(item.text('at')),
    item.text('source'),
    item.text('reason'),
    item.text('detail'),
    item.number('size'),
    item.part('replay').text('outcome') ?? 'waiting',
    item.text('id'),
  ]);
  out.line(
    rows.length === 0
      ? 'nothing is in quarantine'
      : table(['SINCE (UTC)', 'SOURCE', 'REASON', 'DETAIL', 'BYTES', 'REPLAY', 'ID'], rows),
  );
}

async function show(invocation: Invocation, client: ApiClient, id: string): Promise<void> {
  const { out } = invocation;
  const path = `/v1/quarantine/${encodeURIComponent(id)}`;
  const row = answerOf(await client.get(path));
  const purpose = invocation.text('open');
  const body =
    purpose === undefined
      ? undefined
      : answerOf(await client.post(`${path}/open`, { purpose })).text('body');
  out.result({ ...Object(row.value), ...(body === undefined ? {} : { body }) }, () => {
    const lines = Object.entries(Object(row.value)).map(
      ([name, value]) =>
        `${name.padEnd(16)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
    );
    if (body !== undefined) lines.push('', Buffer.from(body, 'base64').toString('utf8'));
    return lines.join('\n');
  });
}

async function replay(
  invocation: Invocation,
  client: ApiClient,
  named: readonly string[],
): Promise<void> {
  const { out } = invocation;
  const ids = named.length > 0 ? named : await waiting(invocation, client);
  const progress = out.progress('replayed', ids.length);
  let refused = 0;
  for (const [index, id] of ids.entries()) {
    const answer = answerOf(
      await client.post(`/v1/quarantine/${encodeURIComponent(id)}/replay`, {}),
    );
    const outcome = answer.text('outcome');
    const reason = answer.text('reason');
    if (outcome !== 'accepted') refused += 1;
    out.result(
      answer.value,
      () => `${id} ${outcome ?? ''}${reason === undefined ? '' : ` (${reason})`}`,
    );
    progress.update(index + 1);
  }
  progress.end();
  if (!out.json) out.line(`${ids.length - refused} accepted, ${refused} not`);
  if (refused > 0)
    throw new CliError(
      'partly',
      `${refused} of ${ids.length} records could not be taken in; "quarantine show ID" tells why`,
    );
}

async function waiting(invocation: Invocation, client: ApiClient): Promise<string[]> {
  const items = await allOf(find(invocation, client, Number.MAX_SAFE_INTEGER));
  return items.flatMap((item) =>
    item.part('replay').text('outcome') === 'accepted' ? [] : (item.text('id') ?? []),
  );
}
