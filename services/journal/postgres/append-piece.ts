import type { Pool } from '#platform';
import type { Appended, NewEvent } from '../port.ts';
import { JournalError } from '../port.ts';
import { onConnection, run } from './connection.ts';
import { appendError, sqlState } from './errors.ts';
import { encodeFrame } from './frame.ts';

const NO_PARTITION = '23514';
const ALREADY_THERE = '23505';

const ADVANCE = `
  update journal.logs
     set position = position + $2,
         resume = coalesce($3, resume),
         recorded_at = greatest(recorded_at, (extract(epoch from clock_timestamp()) * 1000000)::bigint)`;
const INSERT = `
  insert into journal.slices (log_id, first_position, last_position, recorded_at, frame)
  select $1, position - $2 + 1, position, recorded_at, $4 from head`;

/** The head moves and the slice appears in one statement: the lock is held for no round trip. */
const APPEND = {
  name: 'journal_append',
  text: `
    with head as (${ADVANCE} where id = $1 and position = $5 returning position, recorded_at),
         slice as (${INSERT})
    select position - $2 + 1 as first, position as last from head`,
};

const APPEND_ANY = {
  name: 'journal_append_any',
  text: `
    with known as (
           select first_position, last_position from journal.unconditional
            where log_id = $1 and event_id = $5),
         head as (${ADVANCE} where id = $1 and not exists (select from known) returning position, recorded_at),
         slice as (${INSERT}),
         remembered as (
           insert into journal.unconditional (log_id, event_id, first_position, last_position)
           select $1, $5, position - $2 + 1, position from head)
    select first_position as first, last_position as last from known
     union all
    select position - $2 + 1, position from head`,
};

/**
 * Appends a piece when the log ends at `expected`; false when it does not.
 *
 * A connection that ends in mid-statement leaves the outcome open, so the statement is sent once
 * more: it waits for the first one's lock, and if that one was committed the log has moved on.
 */
export async function appendPiece(
  pool: Pool,
  id: number,
  piece: readonly NewEvent[],
  expected: number,
): Promise<boolean> {
  return (await twice(() => send(pool, APPEND, values(id, piece, expected)))) !== undefined;
}

/** Appends wherever the log ends; the same events again are answered with their first place. */
export async function appendAnywhere(
  pool: Pool,
  id: number,
  events: readonly NewEvent[],
): Promise<Appended> {
  const firstId = Buffer.from(events[0]?.id ?? []);
  const appended = await twice(() => send(pool, APPEND_ANY, values(id, events, firstId)));
  if (appended === undefined) throw new JournalError('corrupt', 'the head of a log disappeared');
  return appended;
}

function values(id: number, piece: readonly NewEvent[], condition: number | Buffer): unknown[] {
  const resume = piece.findLast((event) => event.resume !== undefined)?.resume ?? null;
  return [id, piece.length, resume, encodeFrame(piece), condition];
}

async function twice(attempt: () => Promise<Appended | undefined>): Promise<Appended | undefined> {
  try {
    return await attempt();
  } catch (first) {
    if (!(first instanceof JournalError) || first.code !== 'unknown') throw first;
    try {
      return await attempt();
    } catch (error) {
      throw new JournalError(
        'unknown',
        'the journal database went away in mid-append; whether the slice was written shows when it is back: ' +
          're-read the head, then append the same events again or go on',
        { cause: error },
      );
    }
  }
}

async function send(
  pool: Pool,
  statement: { readonly name: string; readonly text: string },
  parameters: readonly unknown[],
): Promise<Appended | undefined> {
  for (let tries = 0; ; tries += 1) {
    try {
      const [row] = await onConnection(
        pool,
        (client) => run<{ first: number; last: number }>(client, statement, parameters),
        (error) => error,
      );
      return row;
    } catch (error) {
      const state = sqlState(error);
      if (tries === 0 && state === NO_PARTITION) await addMonths(pool);
      else if (tries > 0 || state !== ALREADY_THERE) throw appendError(error);
    }
  }
}

/** Partitions for this month and the next; an append that finds none makes them. */
export async function addMonths(pool: Pool): Promise<void> {
  await onConnection(pool, (client) =>
    client.query(
      `select journal.add_month((extract(epoch from clock_timestamp() + month * interval '1 month') * 1000000)::bigint)
         from generate_series(0, 1) as month`,
    ),
  );
}
