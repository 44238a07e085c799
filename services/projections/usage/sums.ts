import type { Schemas } from '#events';
import type { Journal } from '#journal';
import { listLogs } from '#journal';
import type { Client, Pool } from '#platform';
import { withTransaction } from '#platform';
import type { UsageEntry } from '../contract.ts';
import type { Family } from '../engine/checkpoints.ts';
import { advance, readCheckpoints, readGeneration } from '../engine/checkpoints.ts';
import { USAGE_LOG } from '../engine/log-tails.ts';
import { int8Array, textArray } from '../sql/arrays.ts';
import { isUsageType, readUsageEvent } from './usage-event.ts';

const BATCH_MAX = 4_000;

/** Projects the usage log to sums. */
export interface UsageSums {
  /** Takes in one batch. Answers how many events it had. */
  step(): Promise<number>;
}

export interface UsageSumsSettings {
  readonly pool: Pool;
  readonly journal: Journal;
  readonly schemas: Schemas;
  readonly mode?: 'live' | 'rebuild';
}

export function createUsageSums({
  pool,
  journal,
  schemas,
  mode = 'live',
}: UsageSumsSettings): UsageSums {
  const family: Family = mode === 'live' ? 'usage' : 'usage.next';
  const schema = mode === 'live' ? 'views' : 'views_next';
  let reading: AsyncIterator<Awaited<ReturnType<typeof journal.readAt>>> | undefined;
  let from: number | undefined;
  let generation = 0;

  return {
    async step() {
      const opened = (await listLogs(journal)).find(({ log }) => log === USAGE_LOG);
      if (opened === undefined) return 0;
      if (from === undefined) {
        generation = await readGeneration(pool);
        from = (await readCheckpoints(pool, family))[0]?.position ?? 0;
      }
      reading ??= journal.readLog(USAGE_LOG, from, BATCH_MAX)[Symbol.asyncIterator]();
      const next = await reading.next();
      const last = next.done === true ? undefined : next.value.at(-1);
      if (next.done === true || last === undefined) {
        reading = undefined;
        return 0;
      }
      const sums = addUp(
        next.value
          .filter(({ type }) => isUsageType(type))
          .map((event) => readUsageEvent(schemas, event)),
      );
      const tail = {
        logNo: opened.openedAt,
        log: USAGE_LOG,
        position: last.position,
        recordedAt: last.recordedAt,
      };
      const standing = { family, generation, from: new Map([[opened.openedAt, from]]) };
      try {
        await withTransaction(pool, async (client) => {
          await addSums(client, schema, sums);
          await advance(client, standing, [tail]);
        });
      } catch (error) {
        reading = undefined;
        from = undefined;
        throw error;
      }
      from = last.position;
      return next.value.length;
    },
  };
}

interface Sum {
  readonly entry: UsageEntry;
  count: number;
  seconds: number;
  segments: number;
}

function addUp(entries: readonly UsageEntry[]): Sum[] {
  const sums = new Map<string, Sum>();
  for (const entry of entries) {
    const { accountId, day, direction, kind, prefix = '', zone = '' } = entry;
    const key = `${accountId}\n${day}\n${direction}\n${kind}\n${prefix}\n${zone}`;
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = { entry, count: 0, seconds: 0, segments: 0 };
      sums.set(key, sum);
    }
    sum.count += entry.quantity;
    sum.seconds += entry.seconds;
    sum.segments += entry.segments;
  }
  return [...sums.values()];
}

/** A sum that comes to nothing goes, so that adjustments leave what a rebuild would make. */
async function addSums(client: Client, schema: string, sums: readonly Sum[]): Promise<void> {
  if (sums.length === 0) return;
  await client.query({
    name: `${schema} usage`,
    text: `insert into ${schema}.usage as t (account_id, day, direction, kind, prefix, zone, count, seconds, segments)
           select * from unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int8[], $8::int8[], $9::int8[])
           on conflict (account_id, day, direction, kind, prefix, zone) do update
             set count = t.count + excluded.count, seconds = t.seconds + excluded.seconds,
                 segments = t.segments + excluded.segments`,
    values: [
      textArray(sums.map((sum) => sum.entry.accountId)),
      int8Array(sums.map((sum) => sum.entry.day)),
      textArray(sums.map((sum) => sum.entry.direction)),
      textArray(sums.map((sum) => sum.entry.kind)),
      textArray(sums.map((sum) => sum.entry.prefix ?? '')),
      textArray(sums.map((sum) => sum.entry.zone ?? '')),
      int8Array(sums.map((sum) => sum.count)),
      int8Array(sums.map((sum) => sum.seconds)),
      int8Array(sums.map((sum) => sum.segments)),
    ],
  });
}
