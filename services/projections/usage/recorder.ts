import type { Schemas } from '#events';
import type { Journal, NewEvent } from '#journal';
import { openLog } from '#journal';
import type { Failpoint, Pool } from '#platform';
import { USAGE_LOG } from '../engine/log-tails.ts';
import { decodeOutbox } from '../engine/statements.ts';
import { ProjectionsError } from '../errors.ts';
import { usageEvents } from './usage-event.ts';

export interface RecorderSettings {
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly failpoint?: Failpoint;
}

export interface Recorder {
  /** Says what waits in the outbox to the usage log. Answers how many events were appended. */
  step(): Promise<number>;
}

const ROWS_MAX = 64;
/** Entries of one slice: a reversal and its successor are never parted. */
const SLICE_EVENTS_MAX = 1_000;

interface OutboxRow {
  readonly number: number;
  readonly entries: Buffer;
}

/**
 * The one writer of the usage log. The log itself tells how far the outbox was said (`resume` of its
 * head is the number of the last row), so a row is said exactly once whenever the process dies.
 */
export async function createRecorder({
  pool,
  journal,
  schemas,
  failpoint,
}: RecorderSettings): Promise<Recorder> {
  await openLog(journal, USAGE_LOG);

  return {
    async step() {
      const head = await journal.head(USAGE_LOG);
      const saidThrough = head?.resume ?? 0;
      const rows = await readOutbox(pool, saidThrough);
      if (rows.length === 0) await checkOutbox(pool, saidThrough);
      let position = head?.position ?? 0;
      let appended = 0;
      let slice: NewEvent[] = [];
      const send = async (): Promise<void> => {
        if (slice.length === 0) return;
        ({ last: position } = await journal.append(USAGE_LOG, slice, position));
        appended += slice.length;
        slice = [];
      };
      let expected = saidThrough;
      for (const row of rows) {
        expected += 1;
        if (row.number !== expected) throw gap(expected, row.number);
        const events = decodeOutbox(row.entries).flatMap((entry) => usageEvents(schemas, entry));
        const last = events.pop();
        if (last === undefined) continue;
        events.push({ ...last, resume: row.number });
        if (slice.length + events.length > SLICE_EVENTS_MAX) await send();
        slice.push(...events);
      }
      await send();
      failpoint?.('projections.usage_appended');
      if (rows.length > 0)
        await pool.query('delete from views.usage_outbox where number <= $1', [expected]);
      return appended;
    },
  };
}

async function readOutbox(pool: Pool, after: number): Promise<OutboxRow[]> {
  const result = await pool.query<OutboxRow>({
    name: 'views read outbox',
    text: 'select number, entries from views.usage_outbox where number > $1 order by number limit $2',
    values: [after, ROWS_MAX],
  });
  return result.rows;
}

/** The outbox counts on from what was said; when it counts less, it is an older one. */
async function checkOutbox(pool: Pool, saidThrough: number): Promise<void> {
  const result = await pool.query<{ number: number }>({
    name: 'views outbox head',
    text: 'select number from views.usage_outbox_head',
  });
  const number = result.rows[0]?.number ?? 0;
  if (number < saidThrough) throw gap(saidThrough + 1, number);
}

function gap(expected: number, found: number): ProjectionsError {
  return new ProjectionsError(
    'rebuild_needed',
    `the usage log was told up to outbox row ${expected - 1}, but the next one is ${found}: ` +
      'the views are older or newer than the journal; run "tollbook rebuild cdr"',
  );
}
