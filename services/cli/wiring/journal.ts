import type { Journal } from '#journal';
import { createKurrentJournal } from '#journal/kurrentdb';
import { createPostgresJournal } from '#journal/postgres';
import type { Config, Pool } from '#platform';

/** The event store the settings name: PostgreSQL beside the views, or KurrentDB. */
export async function openJournal(config: Config, pool: Pool): Promise<Journal> {
  return config.journal.startsWith('esdb')
    ? createKurrentJournal({ connectionString: config.journal })
    : await createPostgresJournal({ pool });
}
