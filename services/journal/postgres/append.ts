import type { Pool } from '#platform';
import { cutIntoPieces } from '../pieces.ts';
import type { Appended, Expected, NewEvent } from '../port.ts';
import { JournalError } from '../port.ts';
import { appendAnywhere, appendPiece } from './append-piece.ts';
import type { Logs } from './logs.ts';
import { readHead } from './logs.ts';
import { readLog } from './read-log.ts';

export const ATOMIC_BYTES_MAX = 8 * 1024 * 1024;
const COMPARE_BATCH = 1000;

/** See `Journal.append`. */
export async function append(
  pool: Pool,
  logs: Logs,
  log: string,
  events: readonly NewEvent[],
  expected: Expected,
): Promise<Appended> {
  const pieces = cutIntoPieces(events, ATOMIC_BYTES_MAX);
  if (events.length === 0) return await appendNothing(logs, log, expected);
  if (expected !== 'any') return await appendPieces(pool, logs, log, events, expected, pieces);
  if (pieces.length > 1) {
    throw new JournalError(
      'too_large',
      `events for any position are over ${ATOMIC_BYTES_MAX} bytes; append fewer at once`,
    );
  }
  return await appendAnywhere(pool, await logs.findOrAdd(log), events);
}

async function appendNothing(logs: Logs, log: string, expected: Expected): Promise<Appended> {
  const position = (await readHead(logs, log))?.position ?? 0;
  if (expected !== 'any' && expected !== position) throw conflict(log, expected, position);
  return { first: position + 1, last: position };
}

async function appendPieces(
  pool: Pool,
  logs: Logs,
  log: string,
  events: readonly NewEvent[],
  expected: number,
  pieces: (readonly NewEvent[])[],
): Promise<Appended> {
  const id = await logs.findOrAdd(log);
  let done = 0;
  let left = pieces;
  /** True once some of the events may be in the log. */
  let begun = false;
  try {
    while (done < events.length) {
      const piece = left[0] ?? [];
      if (await appendPiece(pool, id, piece, expected + done)) {
        done += piece.length;
        left = left.slice(1);
      } else {
        begun = true;
        const held = await countHeld(pool, logs, log, events.slice(done), expected + done);
        if (held === 0)
          throw conflict(log, expected + done, (await readHead(logs, log))?.position ?? 0);
        done += held;
        left = cutIntoPieces(events.slice(done), ATOMIC_BYTES_MAX);
      }
      begun = true;
    }
  } catch (error) {
    throw begun ? unknownIfAway(error) : error;
  }
  return { first: expected + 1, last: expected + events.length };
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

function conflict(log: string, expected: number, actual: number): JournalError {
  return new JournalError(
    'conflict',
    `log ${log} ends at ${actual}, not at ${expected}: another writer was there; re-read the head and go on from it`,
    { actual },
  );
}

/** `unavailable` promises that nothing was written, which holds for a first piece alone. */
function unknownIfAway(error: unknown): unknown {
  if (!(error instanceof JournalError) || error.code !== 'unavailable') return error;
  return new JournalError(
    'unknown',
    'the journal database went away when part of the events may have been written; ' +
      're-read the head, then append the same events again or go on',
    { cause: error },
  );
}
