import type { Readable } from 'node:stream';
import { answerOf } from './answer.ts';
import type { Answer } from './answer.ts';
import { openClient } from './client.ts';
import type { ApiClient } from './client.ts';
import type { Invocation } from './command.ts';
import { CliError } from './errors.ts';

const SMALL_BYTES = 1024 * 1024;

/** Hands standard input to the API: a single record as a document, more as a stream. */
export async function handIn(invocation: Invocation, format: string): Promise<void> {
  const client = await openClient(invocation);
  const { head, isWhole } = await readHead(process.stdin);
  if (head.length === 0)
    throw new CliError(
      'usage',
      'standard input is empty; pipe events into it, one JSON document a line',
    );
  const query = new URLSearchParams({ format });
  const stream = invocation.text('stream');
  if (stream !== undefined) query.set('stream', stream);
  const path = `/v1/events?${query.toString()}`;
  if (isWhole && isSingle(head)) return handRecord(invocation, client, path, head);
  return handStream(invocation, client, path, chunksOf(head, isWhole, process.stdin));
}

interface Head {
  readonly head: Buffer;
  readonly isWhole: boolean;
}

async function readHead(input: Readable): Promise<Head> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    const buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    chunks.push(buffer);
    size += buffer.length;
    if (size > SMALL_BYTES) return { head: Buffer.concat(chunks), isWhole: false };
  }
  return { head: Buffer.concat(chunks), isWhole: true };
}

/** One line, or one document over several. */
function isSingle(head: Buffer): boolean {
  const text = head.toString('utf8').trim();
  if (!text.includes('\n')) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function* chunksOf(
  head: Buffer,
  isWhole: boolean,
  input: Readable,
): AsyncGenerator<Uint8Array> {
  yield head;
  if (!isWhole) yield* input;
}

async function handRecord(
  { out }: Invocation,
  client: ApiClient,
  path: string,
  body: Buffer,
): Promise<void> {
  const response = await client.send(path, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': 'application/json' },
  });
  const value: unknown = await response.json();
  const taken = answerOf(value);
  const refused = taken.list('quarantined');
  out.result(value, () =>
    [...taken.list('events').map(eventLine), ...refused.map(refusedLine)].join('\n'),
  );
  if (refused.length > 0)
    throw new CliError(
      'partly',
      'it was kept in quarantine; "tollbook quarantine show ID" tells more',
    );
}

function eventLine(event: Answer): string {
  const communication = event.text('communicationId');
  return `durable: event ${event.text('eventId') ?? ''}${communication === undefined ? '' : `\ntollbook cdr show ${communication}`}`;
}

function refusedLine(record: Answer): string {
  const detail = record.text('detail');
  return `quarantined: ${record.text('id') ?? ''} ${record.text('reason') ?? ''}${detail === undefined ? '' : ` (${detail})`}`;
}

async function handStream(
  { out }: Invocation,
  client: ApiClient,
  path: string,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  // `duplex` is of the fetch standard and missing in its types; without it Node refuses a streamed body.
  const init: RequestInit & { duplex: 'half' } = {
    method: 'POST',
    body: ReadableStream.from(body),
    duplex: 'half',
    headers: { 'content-type': 'application/x-ndjson' },
  };
  const response = await client.send(path, init);
  const progress = out.progress('lines durable');
  let last = answerOf({});
  for await (const line of linesOf(response)) {
    const value: unknown = JSON.parse(line);
    const answer = answerOf(value);
    const failed = answer.part('error').text('detail');
    if (failed !== undefined) {
      progress.end();
      throw new CliError(
        'failed',
        `${failed} (${last.number('durable') ?? 0} lines are durable; with --stream NAME the same input can be sent again)`,
      );
    }
    last = answer;
    progress.update(last.number('durable') ?? 0);
    if (out.json) out.result(value, () => '');
  }
  progress.end();
  const quarantined = last.number('quarantined') ?? 0;
  if (last.flag('done') !== true)
    throw new CliError(
      'failed',
      'the answer was cut; send the same input again (what was durable is recognised by its event ids)',
    );
  out.line(
    `${(last.number('durable') ?? 0).toLocaleString('en')} lines durable, ${quarantined.toLocaleString('en')} of them in quarantine`,
  );
  if (quarantined > 0)
    throw new CliError(
      'partly',
      `${quarantined} records are in quarantine; "tollbook quarantine list" tells why`,
    );
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}
