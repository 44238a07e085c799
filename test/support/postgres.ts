import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type { Pool } from '#platform';
import { createPool } from '#platform';

export interface FreshDatabase {
  readonly url: string;
  readonly pool: Pool;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A new empty database on the run's server, dropped when disposed of. */
export async function freshDatabase({ max = 10 } = {}): Promise<FreshDatabase> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  const server = inject('postgresUrl');
  await administer(server, `create database ${name}`);
  const url = server.replace('/tollbook?', `/${name}?`);
  const pool = createPool({ url, max, name: 'test' });
  return {
    url,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      await administer(server, `drop database if exists ${name} with (force)`);
    },
  };
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
