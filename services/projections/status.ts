import type { Journal } from '#journal';
import { DECISIONS, listLogs } from '#journal';
import type { Client, Pool } from '#platform';
import type { View, ViewLag } from './contract.ts';
import { readCheckpoints } from './engine/checkpoints.ts';
import { USAGE_LOG } from './engine/log-tails.ts';

const OF_RECORDS: readonly View[] = ['cdr', 'history', 'quarantine'];

/** How far each view is behind each log. */
export async function viewStatus(db: Pool | Client, journal: Journal): Promise<ViewLag[]> {
  const [records, usage, clock] = await Promise.all([
    readCheckpoints(db, 'records'),
    readCheckpoints(db, 'usage'),
    db.query<{ now: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now',
    ),
  ]);
  const at = new Map([...records, ...usage].map((tail) => [tail.logNo, tail.position]));
  const lags: ViewLag[] = [];
  for (const { log, openedAt } of await listLogs(journal)) {
    if (log === DECISIONS) continue;
    const position = at.get(openedAt) ?? 0;
    const head = (await journal.head(log))?.position ?? 0;
    const lagEvents = Math.max(0, head - position);
    const lagMs =
      lagEvents === 0
        ? 0
        : await waitedMs(journal, { log, position, now: clock.rows[0]?.now ?? 0 });
    const views: readonly View[] = log === USAGE_LOG ? ['usage'] : OF_RECORDS;
    for (const view of views) lags.push({ view, log, position, head, lagEvents, lagMs });
  }
  return lags;
}

async function waitedMs(
  journal: Journal,
  { log, position, now }: { readonly log: string; readonly position: number; readonly now: number },
): Promise<number> {
  const [next] = await journal.readAt(log, [position + 1]);
  return next === undefined ? 0 : Math.max(0, Math.round((now - next.recordedAt) / 1000));
}

/** A source as its own clock shows it. */
export interface SourceStatus {
  readonly source: string;
  /** µs, by the source's clock: the latest it told of. */
  readonly lastAt: number;
  /** µs, by the store's clock: when it last told anything. */
  readonly heardAt: number;
}

/** What has been heard of each source. A silent one is shown here and closes no call. */
export async function sourceStatus(db: Pool | Client): Promise<SourceStatus[]> {
  const result = await db.query<{ source: string; last_at: number; recorded_at: number }>(
    `select source, max(last_at)::bigint as last_at, max(recorded_at)::bigint as recorded_at
       from views.source_clock group by source order by source`,
  );
  return result.rows.map((row) => ({
    source: row.source,
    lastAt: row.last_at,
    heardAt: row.recorded_at,
  }));
}
