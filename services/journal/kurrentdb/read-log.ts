import type { RecordedEvent } from '../port.ts';
import { JournalError } from '../port.ts';
import type { Connection } from './connection.ts';
import type { StoredEvent } from './frame.ts';

/** See `Journal.readLog`. While the caller handles a batch, the next one is on its way. */
export async function* readLog(
  connection: Connection,
  log: string,
  after: number,
  limit: number,
): AsyncGenerator<RecordedEvent[]> {
  const [newest] = await connection.readBackwards(log, 'end', 1);
  const end = newest?.event.position ?? 0;
  let position = after;
  let next = ahead(connection, log, position, end, limit);
  while (next !== undefined) {
    const batch = (await next).map(({ event }) => event);
    // Truncated events are missing at the beginning of a read, never within it.
    const first = batch[0]?.position ?? 0;
    if (position !== after && first !== position + 1) throw gap(log, position);
    const last = batch.at(-1)?.position ?? 0;
    if (batch.length === 0 || last - first + 1 !== batch.length) throw gap(log, position);
    position = last;
    next = ahead(connection, log, position, end, limit);
    if (last <= end) yield batch;
    else yield batch.filter((event) => event.position <= end);
  }
}

function ahead(
  connection: Connection,
  log: string,
  position: number,
  end: number,
  limit: number,
): Promise<StoredEvent[]> | undefined {
  if (position >= end) return undefined;
  const page = connection.readForwards(log, position + 1, Math.min(limit, end - position));
  // May fail while nobody waits for it; it is thrown when its turn comes.
  page.catch(() => undefined);
  return page;
}

function gap(log: string, position: number): JournalError {
  return new JournalError(
    'corrupt',
    `log ${log} has no event after position ${position} though it goes on; restore its stream from a copy`,
  );
}
