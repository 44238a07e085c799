import type { Pool } from '#platform';
import type pg from 'pg';
import { readError } from './errors.ts';

/** A statement unanswered for so long counts as lost; its connection is closed. */
export const STATEMENT_MS_MAX = 60_000;

/**
 * Runs `work` on a connection of its own. Failing to get one means nothing was sent; what `work`
 * throws goes through `explain`, and the connection is not used again.
 */
export async function onConnection<T>(
  pool: Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  explain: (error: unknown) => unknown = readError,
): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw readError(error);
  }
  let broken = true;
  try {
    const result = await work(client);
    broken = false;
    return result;
  } catch (error) {
    throw explain(error);
  } finally {
    client.release(broken);
  }
}

export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** A named statement is parsed and planned once a connection. */
export async function run<Row extends pg.QueryResultRow>(
  client: pg.PoolClient,
  statement: Statement,
  values: readonly unknown[],
): Promise<Row[]> {
  const config = { ...statement, values: [...values], query_timeout: STATEMENT_MS_MAX };
  const result = await client.query<Row>(config);
  return result.rows;
}
