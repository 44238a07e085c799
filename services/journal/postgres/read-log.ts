import type { Pool } from '#platform';
import type { RecordedEvent } from '../port.ts';
import { JournalError } from '../port.ts';
import { onConnection, STATEMENT_MS_MAX } from './connection.ts';
import { copyOut } from './copy-out.ts';
import { corrupt, decodeFrame, frameCount } from './frame.ts';
import type { Logs } from './logs.ts';

/** A page holds at least one slice and is otherwise at most this large; two pages are in memory. */
const PAGE_BYTES_MAX = 4 * 1024 * 1024;
const PAGE_SLICES_MAX = 256;

interface Slice {
  readonly first: number;
  readonly last: number;
  readonly recordedAt: number;
  readonly frame: Buffer;
}

/** See `Journal.readLog`. While the caller handles a batch, the next page is on its way. */
export async function* readLog(
  pool: Pool,
  logs: Logs,
  log: string,
  after: number,
  limit: number,
): AsyncGenerator<RecordedEvent[]> {
  const id = await logs.find(log);
  const row = id === undefined ? undefined : await logs.row(id);
  if (id === undefined || row === undefined) return;
  const end = row.position;
  let position = Math.max(after, row.dropped_through);
  let page = position < end ? readPage(pool, id, position, 0) : undefined;
  let batch: RecordedEvent[] = [];
  while (page !== undefined) {
    const slices = await page;
    const last = slices.at(-1);
    if (last === undefined) throw gap(log, position);
    page = last.last < end ? readPage(pool, id, last.last, last.recordedAt) : undefined;
    // The page ahead may fail while nobody waits for it; it is thrown when its turn comes.
    page?.catch(() => undefined);
    for (const slice of slices) {
      if (slice.first > position + 1) throw gap(log, position);
      if (slice.first > end) break;
      if (frameCount(slice.frame) !== slice.last - slice.first + 1) throw corrupt();
      const events: RecordedEvent[] = [];
      decodeFrame(
        slice.frame,
        { log, first: slice.first, recordedAt: slice.recordedAt },
        position,
        events,
      );
      position = slice.last;
      batch = batch.length === 0 ? events : batch.concat(events);
      while (batch.length >= limit) {
        yield batch.length === limit ? batch : batch.slice(0, limit);
        batch = batch.length === limit ? [] : batch.slice(limit);
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * The slices behind `after`, as many as fit. `since` is when the slice before was recorded: months
 * before it need not be looked at. The numbers are integers of our own, so they may stand in the text.
 */
async function readPage(pool: Pool, id: number, after: number, since: number): Promise<Slice[]> {
  const query = `
    select first_position, last_position, recorded_at, frame
      from (select s.*, sum(octet_length(frame)) over (order by last_position) - octet_length(frame) as before
              from (select * from journal.slices
                     where log_id = ${id} and last_position > ${after} and recorded_at >= ${since}
                     order by last_position limit ${PAGE_SLICES_MAX}) s) p
     where before < ${PAGE_BYTES_MAX} order by last_position`;
  const rows = await onConnection(pool, (client) => copyOut(client, query, STATEMENT_MS_MAX));
  return rows.map(([first, last, recordedAt, frame]) => {
    if (frame === undefined) throw corrupt();
    return { first: int8(first), last: int8(last), recordedAt: int8(recordedAt), frame };
  });
}

function int8(bytes: Buffer | undefined): number {
  if (bytes === undefined) throw corrupt();
  return Number(bytes.readBigInt64BE(0));
}

function gap(log: string, position: number): JournalError {
  return new JournalError(
    'corrupt',
    `log ${log} has no event after position ${position} though it goes on; restore journal.slices from a copy`,
  );
}
