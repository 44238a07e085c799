import { fileURLToPath } from 'node:url';
import type { Pool } from '#platform';
import { migrate } from '#platform';
import { checkAppend, checkLimit, checkLog, checkPosition, checkPositions } from '../check.ts';
import { cutIntoPieces } from '../pieces.ts';
import type { Appended, Expected, Journal, NewEvent } from '../port.ts';
import { JournalError } from '../port.ts';
import { addMonths, appendAnywhere, appendPiece } from './append.ts';
import { checkDurability } from './durability.ts';
import type { Logs } from './logs.ts';
import { createLogs, readHead } from './logs.ts';
import { readAt } from './read-at.ts';
import { readLog } from './read-log.ts';

const ATOMIC_BYTES_MAX = 8 * 1024 * 1024;
const COMPARE_BATCH = 1000;

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

async function append(
  pool: Pool,
  logs: Logs,
  log: string,
  events: readonly NewEvent[],
  expected: Expected,
): Promise<Appended> {
  let pieces = cutIntoPieces(events, ATOMIC_BYTES_MAX);
  if (events.length === 0) return await appendNothing(logs, log, expected);
  const id = await logs.findOrAdd(log);
  if (expected === 'any') {
    if (pieces.length > 1) throw new JournalError('too_large', 'events appended anywhere go in one piece');
    return await appendAnywhere(pool, id, events);
  }
  let done = 0;
  while (done < events.length) {
    const piece = pieces[0] ?? [];
    if ((await appendPiece(pool, id, piece, expected + done)) !== undefined) {
      done += piece.length;
      pieces = pieces.slice(1);
      continue;
    }
    const held = await countHeld(pool, logs, log, events.slice(done), expected + done);
    if (held === 0) throw await conflict(logs, log, expected + done);
    done += held;
    pieces = cutIntoPieces(events.slice(done), ATOMIC_BYTES_MAX);
  }
  return { first: expected + 1, last: expected + events.length };
}

async function appendNothing(logs: Logs, log: string, expected: Expected): Promise<Appended> {
  const position = (await readHead(logs, log))?.position ?? 0;
  if (expected !== 'any' && expected !== position) throw await conflict(logs, log, expected);
  return { first: position + 1, last: position };
}

/** How many of the events the log already holds, by id, right behind `after`: a retry finds its own. */
async function countHeld(
  pool: Pool,
  logs: Logs,
  log: string,
  events: readonly NewEvent[],
  after: number,
): Promise<number> {
  let held = 0;
  for await (const batch of readLog(pool, logs, log, after, COMPARE_BATCH)) {
    for (const recorded of batch) {
      const event = events[held];
      if (event === undefined || Buffer.compare(event.id, recorded.id) !== 0) return held;
      held += 1;
    }
  }
  return held;
}

async function conflict(logs: Logs, log: string, expected: number): Promise<JournalError> {
  const actual = (await readHead(logs, log))?.position ?? 0;
  return new JournalError(
    'conflict',
    `log ${log} ends at ${actual}, not at ${expected}: another writer was there; re-read the head and go on from it`,
    { actual },
  );
}
