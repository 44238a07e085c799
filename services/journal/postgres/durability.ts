import type { Pool } from '#platform';
import { JournalError } from '../port.ts';
import { onConnection } from './connection.ts';

/** Each of these off lets a crash take back what was acknowledged, or tear what was written. */
const SETTINGS = ['fsync', 'full_page_writes', 'synchronous_commit'] as const;

export async function checkDurability(pool: Pool): Promise<void> {
  const rows = await onConnection(pool, async (client) => {
    const result = await client.query<{ name: string; setting: string }>(
      'select name, setting from pg_settings where name = any($1)',
      [SETTINGS],
    );
    return result.rows;
  });
  const off = rows.filter((row) => row.setting === 'off').map((row) => row.name);
  if (off.length > 0) {
    throw new JournalError(
      'not_durable',
      `the journal database runs with ${off.join(' and ')} off, so a crash could lose acknowledged records; ` +
        'switch it on in postgresql.conf (or for the role) and start again',
    );
  }
}
