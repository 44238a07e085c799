import type { Client, Pool } from '#platform';
import type { CdrQuery, CdrRow, Page } from '../contract.ts';
import { decodeTimeCursor, encodeCursor } from '../cursor.ts';
import type { CdrColumns } from './columns.ts';
import { toCdrRow } from './columns.ts';

const FROM_MIN = 0;
const TO_MAX = 2 ** 52;
const REDIRECTS_MAX = 4;

/** Records, newest first. */
export async function listCdrs(db: Pool | Client, query: CdrQuery): Promise<Page<CdrRow>> {
  const { limit, cursor, accountId, kind, status, from = FROM_MIN, to = TO_MAX } = query;
  const after =
    cursor === undefined
      ? { at: TO_MAX, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }
      : decodeTimeCursor(cursor);
  // An account's records are found by way of its history, which has the index for it.
  const source =
    accountId === undefined
      ? 'views.cdr c'
      : 'views.history h join views.cdr c on c.id = h.id and c.started_at = h.started_at and h.account_id = $7 and c.account_id = $7';
  const keys = accountId === undefined ? 'c' : 'h';
  const result = await db.query<CdrColumns>({
    // The limit stands in the text (the planner should know it), so it belongs to the name.
    name: `views list cdrs ${keys}${Math.trunc(limit)}`,
    text: `select c.* from ${source}
            where ${keys}.started_at >= $1 and ${keys}.started_at < $2 and (${keys}.started_at, ${keys}.id) < ($3, $4::uuid)
              and ($5::text is null or c.kind = $5) and ($6::text is null or c.status = $6)
            order by ${keys}.started_at desc, ${keys}.id desc limit ${Math.trunc(limit) + 1}`,
    values: [
      from,
      to,
      after.at,
      after.id,
      kind ?? null,
      status ?? null,
      ...(accountId === undefined ? [] : [accountId]),
    ],
  });
  const logs = await logNames(db);
  const rows = result.rows.slice(0, limit).map((row) => toCdrRow(row, logs));
  const last = rows.at(-1);
  if (result.rows.length <= limit || last === undefined) return { rows };
  return { rows, next: encodeCursor([last.startedAt, last.id]) };
}

/** One record; the id of a communication that a link gave to another leads to that one. */
export async function getCdr(db: Pool | Client, id: string): Promise<CdrRow | undefined> {
  let wanted = id;
  for (let hop = 0; hop < REDIRECTS_MAX; hop += 1) {
    const found = await db.query<{ redirect: string | null }>({
      name: 'views redirect',
      text: 'select redirect from views.state where id = $1',
      values: [wanted],
    });
    const redirect = found.rows[0]?.redirect ?? undefined;
    if (redirect === undefined) break;
    wanted = redirect;
  }
  const result = await db.query<CdrColumns>({
    name: 'views cdr',
    text: 'select * from views.cdr where id = $1',
    values: [wanted],
  });
  const [row] = result.rows;
  return row === undefined ? undefined : toCdrRow(row, await logNames(db));
}

/** Names of the logs that the views have read, by number. */
export async function logNames(db: Pool | Client): Promise<ReadonlyMap<number, string>> {
  const result = await db.query<{ log_no: number; log: string }>({
    name: 'views logs',
    text: `select log_no, log from views.checkpoint where family = 'records'`,
  });
  return new Map(result.rows.map((row) => [row.log_no, row.log]));
}
