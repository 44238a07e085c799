import type { Client } from '#platform';

const MS_PER_DAY = 86_400_000;

/** Partitions of one schema that are known to be there. */
export interface Partitions {
  /** Makes, in the client's transaction, those that rows with these starts and epochs need. */
  ensure(client: Client, starts: Iterable<number>, epochs: Iterable<string>): Promise<void>;
  /** After a rollback: look again. */
  forget(): void;
}

export function createPartitions(schema: string): Partitions {
  const months = new Set<number>();
  const epochs = new Set<string>();
  // Days tell months apart, and a start's day is cheap to know.
  const days = new Set<number>();

  return {
    async ensure(client, starts, epochsNeeded) {
      for (const start of starts) {
        const day = Math.floor(start / 1000 / MS_PER_DAY);
        if (days.has(day)) continue;
        const date = new Date(day * MS_PER_DAY);
        const month = date.getUTCFullYear() * 12 + date.getUTCMonth();
        if (!months.has(month)) {
          await client.query(
            'select views.add_month($1, parent, $2) from unnest($3::text[]) as parent',
            [schema, start, ['cdr', 'history']],
          );
          months.add(month);
        }
        days.add(day);
      }
      for (const epoch of epochsNeeded) {
        if (epochs.has(epoch)) continue;
        await client.query('select views.add_epoch($1, $2)', [schema, epoch]);
        epochs.add(epoch);
      }
    },
    forget() {
      months.clear();
      days.clear();
      epochs.clear();
    },
  };
}
