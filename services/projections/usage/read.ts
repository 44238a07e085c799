import type { Schemas } from '#events';
import type { Journal } from '#journal';
import type { Client, Pool } from '#platform';
import type { Direction, Kind } from '#records';
import { given } from '../cdr/columns.ts';
import type { UsageDimension, UsageEntry, UsageFeed, UsageQuery, UsageSum } from '../contract.ts';
import { USAGE_DIMENSIONS } from '../contract.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { USAGE_LOG } from '../engine/log-tails.ts';
import { isUsageType, readUsageEvent } from './usage-event.ts';

const COLUMNS: Readonly<Record<UsageDimension, string>> = {
  accountId: 'account_id',
  day: 'day',
  direction: 'direction',
  kind: 'kind',
  prefix: 'prefix',
  zone: 'zone',
};

interface SumColumns {
  readonly accountId?: string;
  readonly day?: number;
  readonly direction?: Direction;
  readonly kind?: Kind;
  readonly prefix?: string;
  readonly zone?: string;
  readonly count: number;
  readonly seconds: number;
  readonly segments: number;
}

/** Sums of usage over the dimensions asked for, in their order. */
export async function usageSums(db: Pool | Client, query: UsageQuery): Promise<UsageSum[]> {
  const dimensions = USAGE_DIMENSIONS.filter((dimension) =>
    (query.groupBy ?? USAGE_DIMENSIONS).includes(dimension),
  );
  const columns = dimensions.map((dimension) => `${COLUMNS[dimension]} as "${dimension}"`);
  const keys = dimensions.map((dimension) => COLUMNS[dimension]).join(', ');
  const result = await db.query<SumColumns>(
    `select ${[...columns, ''].join(', ')} sum(count)::bigint as count, sum(seconds)::bigint as seconds,
            sum(segments)::bigint as segments
       from views.usage
      where day >= $1 and day < $2 and ($3::text is null or account_id = $3)
      ${keys === '' ? '' : `group by ${keys}`}
     having sum(count) <> 0 or sum(seconds) <> 0 or sum(segments) <> 0
      ${keys === '' ? '' : `order by ${keys}`}`,
    [query.from, query.to, query.accountId ?? null],
  );
  return result.rows.map(({ prefix, zone, ...row }) => ({
    ...row,
    ...given({ prefix: prefix === '' ? undefined : prefix, zone: zone === '' ? undefined : zone }),
  }));
}

/** The usage log as a feed: what was delivered for a cursor is delivered for it ever after. */
export async function readUsageFeed(
  journal: Journal,
  schemas: Schemas,
  { cursor, limit }: { readonly cursor?: string; readonly limit: number },
): Promise<UsageFeed> {
  const after = cursor === undefined ? 0 : decodeCursor(cursor).number;
  const entries: UsageEntry[] = [];
  let position = after;
  for await (const batch of journal.readLog(USAGE_LOG, after, limit)) {
    for (const event of batch) {
      if (isUsageType(event.type)) entries.push(readUsageEvent(schemas, event));
      position = event.position;
    }
    break;
  }
  const head = await journal.head(USAGE_LOG);
  return { entries, next: encodeCursor([position]), atEnd: position >= (head?.position ?? 0) };
}
