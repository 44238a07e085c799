import { fileURLToPath } from 'node:url';
import type { Pool } from '#platform';
import { migrate } from '#platform';

/** Brings the vault's schema up to date. */
export async function migrateVault(pool: Pool): Promise<void> {
  await migrate(pool, 'vault', fileURLToPath(new URL('./migrations', import.meta.url)));
}
