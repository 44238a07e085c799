import type { Pool } from '#platform';
import type { RecordedEvent } from '../port.ts';
import { onConnection, run } from './connection.ts';
import { decodeEntry, decodeTypes, TABLE_AT } from './frame.ts';
import type { Logs } from './logs.ts';

/*
 * Cuts single events out of their slices: a frame's table says where, and only the pages of the
 * out-of-line value that hold the event are read. substring() counts from 1.
 */
const u32 = (from: string) => `('x' || encode(substring(${from}), 'hex'))::bit(32)::bigint`;
const READ_AT = {
  name: 'journal_read_at',
  text: `
    select w.position, s.recorded_at,
           substring(s.frame from (${TABLE_AT + 1} + 4 * (s.last_position - s.first_position + 2))::int
                     for (t.entries - ${TABLE_AT} - 4 * (s.last_position - s.first_position + 2))::int) as types,
           substring(s.frame from (t.start + 1)::int for (t.stop - t.start)::int) as entry
      from unnest($2::bigint[]) as w(position)
     cross join lateral (
           select * from journal.slices
            where log_id = $1 and last_position >= w.position
            order by last_position limit 1) s
     cross join lateral (
           select ${u32(`s.frame from ${TABLE_AT + 1} for 4`)} as entries,
                  ${u32(`s.frame from (${TABLE_AT + 1} + 4 * (w.position - s.first_position))::int for 4`)} as start,
                  ${u32(`s.frame from (${TABLE_AT + 5} + 4 * (w.position - s.first_position))::int for 4`)} as stop
            offset 0) t
     where w.position >= s.first_position
     order by w.position`,
};

interface Row {
  readonly position: number;
  readonly recorded_at: number;
  readonly types: Buffer;
  readonly entry: Buffer;
}

/** See `Journal.readAt`; `positions` are sorted, each once. */
export async function readAt(
  pool: Pool,
  logs: Logs,
  log: string,
  positions: readonly number[],
): Promise<RecordedEvent[]> {
  const id = positions.length === 0 ? undefined : await logs.find(log);
  if (id === undefined) return [];
  const rows = await onConnection(pool, (client) => run<Row>(client, READ_AT, [id, positions]));
  return rows.map(({ position, recorded_at: recordedAt, types, entry }) =>
    decodeEntry(entry, 0, entry.length, position, decodeTypes(types), { log, recordedAt }),
  );
}
