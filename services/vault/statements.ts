import type pg from 'pg';
import type { Client, Pool } from '#platform';
import { isDatabaseAway } from '#platform';
import { VaultError } from './port.ts';

/** A statement unanswered for so long counts as lost; its connection is closed. */
export const STATEMENT_MS_MAX = 60_000;

/** A named statement is parsed and planned once a connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/**
 * Sends a statement and waits for its answer, though not for ever: a connection that broke without a
 * word would hold up whoever uses it.
 *
 * @throws VaultError `unavailable` after `msMax`; the connection may not be used again.
 */
export async function ask<Row extends pg.QueryResultRow>(
  db: Pool | Client,
  statement: string | Statement,
  values: readonly unknown[] = [],
  msMax: number = STATEMENT_MS_MAX,
): Promise<pg.QueryResult<Row>> {
  const { values: own = values, ...rest } =
    typeof statement === 'string' ? { text: statement } : statement;
  const config = { ...rest, values: [...own], query_timeout: msMax };
  try {
    return await db.query<Row>(config);
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new VaultError(
      'unavailable',
      `the database of the vault left a statement unanswered for ${msMax} ms: ask again`,
      { cause: error },
    );
  }
}

/** pg gives its time-out no code. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** Runs `work` in one transaction; what it throws rolls back and is thrown on. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await ask(client, 'begin');
    const result = await work(client);
    await ask(client, 'commit');
    isBroken = false;
    return result;
  } catch (error) {
    isBroken = !(await rolledBack(client, error));
    throw error;
  } finally {
    client.release(isBroken);
  }
}

/** A connection that gave no answer is not asked once more: closing it rolls back as well. */
async function rolledBack(client: Client, error: unknown): Promise<boolean> {
  if (isDatabaseAway(error)) return false;
  if (error instanceof VaultError && error.code === 'unavailable') return false;
  try {
    await ask(client, 'rollback');
    return true;
  } catch {
    return false;
  }
}
