import type { Client, Pool } from '#platform';
import { ProjectionsError } from '../errors.ts';
import { int8Array, textArray } from '../sql/arrays.ts';
import type { LogTail } from './log-tails.ts';

/** Views written together have their checkpoints together. */
export type Family = 'records' | 'usage' | 'records.next' | 'usage.next';

export async function readCheckpoints(db: Pool | Client, family: Family): Promise<LogTail[]> {
  const result = await db.query<{
    log_no: number;
    log: string;
    position: number;
    recorded_at: number;
  }>('select log_no, log, position, recorded_at from views.checkpoint where family = $1', [family]);
  return result.rows.map(({ log_no: logNo, log, position, recorded_at: recordedAt }) => ({
    logNo,
    log,
    position,
    recordedAt,
  }));
}

/** Which swap made the tables that a writer writes to. */
export async function readGeneration(db: Pool | Client): Promise<number> {
  const result = await db.query<{ number: number }>('select number from views.generation');
  return result.rows[0]?.number ?? 0;
}

/** Where a writer began: what it moves on from must be what it read. */
export interface Standing {
  readonly family: Family;
  readonly generation: number;
  /** Position by log number; a log that is not there is new. */
  readonly from: ReadonlyMap<number, number>;
}

/**
 * Moves checkpoints on within the transaction that wrote what they stand for.
 *
 * @throws ProjectionsError `superseded` when another process has moved one of them, or a rebuild was
 * swapped in
 */
export async function advance(
  client: Client,
  { family, generation, from }: Standing,
  reached: readonly Readonly<LogTail>[],
): Promise<void> {
  if (reached.length === 0) return;
  const result = await client.query({
    name: 'views advance',
    text: `insert into views.checkpoint as c (family, log_no, log, position, recorded_at)
           select $1, log_no, log, position, recorded_at
             from unnest($2::int8[], $3::text[], $4::int8[], $5::int8[]) as u (log_no, log, position, recorded_at)
            where exists (select from views.generation where number = $7)
           on conflict (family, log_no) do update
             set position = excluded.position, recorded_at = excluded.recorded_at
           where c.position = any ($6::int8[]) and c.position < excluded.position`,
    values: [
      family,
      int8Array(reached.map((tail) => tail.logNo)),
      textArray(reached.map((tail) => tail.log)),
      int8Array(reached.map((tail) => tail.position)),
      int8Array(reached.map((tail) => tail.recordedAt)),
      int8Array(reached.map((tail) => from.get(tail.logNo) ?? 0)),
      generation,
    ],
  });
  if (result.rowCount !== reached.length) {
    throw new ProjectionsError(
      'superseded',
      'another process has written these views meanwhile; this one starts over from what it left',
    );
  }
}
