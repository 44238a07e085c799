import { join } from 'node:path';
import type { Pool } from '#platform';
import { migrate } from '#platform';

/** Brings the schema of the views up to date. */
export async function migrateViews(pool: Pool): Promise<string[]> {
  return await migrate(pool, 'views', join(import.meta.dirname, 'migrations'));
}
