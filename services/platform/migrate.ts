import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from './database.ts';
import { withTransaction } from './database.ts';
import { PlatformError } from './errors.ts';

const NAME = /^\d{3}-[a-z0-9-]+\.sql$/;
const SCHEMA = /^[a-z][a-z0-9_]*$/;

/**
 * Brings a PostgreSQL schema up to date from `directory/NNN-name.sql`, in order, each file in a
 * transaction and once. Several processes may call it at the same time.
 *
 * @throws PlatformError `migration_changed` when a file that was run differs from then.
 */
export async function migrate(pool: Pool, schema: string, directory: string): Promise<string[]> {
  if (!SCHEMA.test(schema)) throw new PlatformError('bad_setting', `"${schema}" is no schema name`);
  const files = (await readdir(directory)).filter((file) => NAME.test(file)).sort();
  const applied: string[] = [];
  await withTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [
      `tollbook migrate ${schema}`,
    ]);
    await client.query(`create schema if not exists ${schema}`);
    await client.query(
      `create table if not exists ${schema}.migrations (name text primary key, sha256 text not null)`,
    );
    const seen = await client.query<{ name: string; sha256: string }>(
      `select name, sha256 from ${schema}.migrations`,
    );
    const known = new Map(seen.rows.map((row) => [row.name, row.sha256]));
    for (const file of files) {
      const sql = await readFile(join(directory, file), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      const before = known.get(file);
      if (before === sha256) continue;
      if (before !== undefined) {
        throw new PlatformError(
          'migration_changed',
          `migration ${schema}/${file} was edited after it ran; restore it and add a new file instead`,
        );
      }
      await client.query(sql);
      await client.query(`insert into ${schema}.migrations values ($1, $2)`, [file, sha256]);
      applied.push(file);
    }
  });
  return applied;
}
