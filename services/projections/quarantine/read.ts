import type { Client, Pool } from '#platform';
import { given } from '../cdr/columns.ts';
import type { Page, QuarantineQuery, QuarantineRow } from '../contract.ts';
import { decodeTimeCursor, encodeCursor } from '../cursor.ts';

interface QuarantineColumns {
  readonly event_id: string;
  readonly log: string;
  readonly position: number;
  readonly at: number;
  readonly source: string;
  readonly account_id: string;
  readonly reason: string | null;
  readonly format: string | null;
  readonly detail: string | null;
  readonly size: number | null;
  readonly sealed: Buffer | null;
  readonly attempt: number | null;
  readonly outcome: string | null;
  readonly replay_reason: string | null;
}

/** Each quarantined record with its latest replay; the same record put away twice is one. */
const SELECT = `
  select q.event_id, coalesce(k.log, '') as log, q.position, q.at, q.source, q.account_id, q.reason, q.format, q.detail,
         q.size, q.sealed, r.attempt, r.outcome, r.reason as replay_reason
    from views.quarantine q
    left join views.checkpoint k on k.family = 'records' and k.log_no = q.log_no
    left join lateral (select attempt, outcome, reason from views.quarantine r
                        where r.quarantined_id = q.event_id and r.type = 'record.replayed'
                        order by attempt desc, log_no, position limit 1) r on true
   where q.type = 'record.quarantined'
     and not exists (select from views.quarantine e where e.quarantined_id = q.event_id and e.type = q.type
                        and (e.log_no, e.position) < (q.log_no, q.position))`;

/** Newest first. */
export async function listQuarantine(
  db: Pool | Client,
  query: QuarantineQuery,
): Promise<Page<QuarantineRow>> {
  const { limit, cursor, reason } = query;
  const after = cursor === undefined ? undefined : decodeTimeCursor(cursor);
  const result = await db.query<QuarantineColumns>({
    name: 'views list quarantine',
    text: `${SELECT} and ($1::bigint is null or (q.at, q.event_id) < ($1, $2::uuid)) and ($3::text is null or q.reason = $3)
            order by q.at desc, q.event_id desc limit $4`,
    values: [after?.at ?? null, after?.id ?? null, reason ?? null, limit + 1],
  });
  const rows = result.rows.slice(0, limit).map(toRow);
  const last = rows.at(-1);
  if (result.rows.length <= limit || last === undefined) return { rows };
  return { rows, next: encodeCursor([last.at, last.id]) };
}

export async function getQuarantined(
  db: Pool | Client,
  id: string,
): Promise<QuarantineRow | undefined> {
  const result = await db.query<QuarantineColumns>({
    name: 'views quarantined',
    text: `${SELECT} and q.event_id = $1`,
    values: [id],
  });
  return result.rows[0] === undefined ? undefined : toRow(result.rows[0]);
}

/** Records put away and not taken in since. */
export async function countQuarantined(db: Pool | Client): Promise<number> {
  const result = await db.query<{ count: number }>({
    name: 'views count quarantined',
    text: `select count(distinct event_id) as count from views.quarantine q
            where type = 'record.quarantined' and not exists (
              select from views.quarantine r where r.quarantined_id = q.event_id and r.outcome = 'accepted')`,
  });
  return result.rows[0]?.count ?? 0;
}

function toRow(row: QuarantineColumns): QuarantineRow {
  const { attempt, outcome } = row;
  return {
    id: row.event_id,
    log: row.log,
    position: row.position,
    reason: row.reason ?? '',
    source: row.source,
    accountId: row.account_id,
    at: row.at,
    size: row.size ?? 0,
    sealed: row.sealed ?? Buffer.alloc(0),
    ...given({ format: row.format, detail: row.detail }),
    ...(attempt === null || outcome === null
      ? {}
      : { replay: { attempt, outcome, ...given({ reason: row.replay_reason }) } }),
  };
}
