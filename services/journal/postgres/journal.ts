import { fileURLToPath } from 'node:url';
import type { Pool } from '#platform';
import { migrate } from '#platform';
import { checkAppend, checkLimit, checkLog, checkPosition, checkPositions } from '../check.ts';
import type { Journal } from '../port.ts';
import { append, ATOMIC_BYTES_MAX } from './append.ts';
import { addMonths } from './append-piece.ts';
import { checkDurability } from './durability.ts';
import { createLogs, readHead } from './logs.ts';
import { readAt } from './read-at.ts';
import { readLog } from './read-log.ts';

export interface PostgresJournalOptions {
  readonly pool: Pool;
  /** For measurements alone: open a database that may lose what it acknowledged. */
  readonly durability?: 'required' | 'waived';
}

/** Brings the schema `journal` up to date. */
export async function migrateJournal(pool: Pool): Promise<string[]> {
  return await migrate(pool, 'journal', fileURLToPath(new URL('../migrations', import.meta.url)));
}

/**
 * A journal in a migrated PostgreSQL database. The pool stays the caller's.
 *
 * @throws JournalError `not_durable` when the server would acknowledge what a crash can take back.
 */
export async function createPostgresJournal(options: PostgresJournalOptions): Promise<Journal> {
  const { pool } = options;
  if (options.durability !== 'waived') await checkDurability(pool);
  await addMonths(pool);
  const logs = createLogs(pool);
  return {
    maxAtomicBytes: ATOMIC_BYTES_MAX,
    async append(log, events, expected) {
      checkAppend(log, events, expected);
      return await append(pool, logs, log, events, expected);
    },
    readLog(log, after, limit) {
      checkLog(log);
      checkPosition(after);
      checkLimit(limit);
      return readLog(pool, logs, log, after, limit);
    },
    async readAt(log, positions) {
      checkLog(log);
      return await readAt(pool, logs, log, checkPositions(positions));
    },
    async head(log) {
      checkLog(log);
      return await readHead(logs, log);
    },
    async [Symbol.asyncDispose]() {},
  };
}
