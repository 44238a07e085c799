import type { NewEvent } from '../port.ts';
import { JournalError } from '../port.ts';
import type { Connection } from './connection.ts';
import { pause } from './connection.ts';
import { appendFailure, explain } from './errors.ts';
import { toStore } from './frame.ts';
import type { Logs } from './logs.ts';

const TRIES_MAX = 3;
const PAUSE_MS = 100;
/** How far back a fence is looked for after its append went unanswered. */
const FENCE_LOOK_BACK = 4096;

/**
 * Appends a piece when the log ends at `expected`; false when it does not. Called in the log's turn.
 *
 * Where the outcome is unknown the head is read again: a log that went on holds either these events
 * or others (the caller compares ids); one that did not may be sent the same events again, which
 * the store recognises should the first ones come late.
 */
export async function appendPiece(
  connection: Connection,
  logs: Logs,
  log: string,
  piece: readonly NewEvent[],
  expected: number,
): Promise<boolean> {
  const head = await logs.headAt(log, expected);
  if ((head?.position ?? 0) !== expected) return false;
  const resume = piece.findLast((event) => event.resume !== undefined)?.resume ?? head?.resume;
  const state = resume ?? 'none';
  const events = piece.map((event, i) =>
    toStore(log, event, expected + 1 + i, i === piece.length - 1 ? state : undefined),
  );
  let last: unknown;
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      await connection.append(log, events, expected);
      logs.note(log, { position: expected + piece.length, resume });
      return true;
    } catch (error) {
      last = error;
      const failure = appendFailure(error);
      if (failure === 'final') throw explain(error);
      if (failure === 'not_leader') {
        await pause(PAUSE_MS * tries);
        continue;
      }
      logs.note(log, undefined);
      if (failure === 'elsewhere') return false;
      if ((await headOrUnknown(logs, log, error)) !== expected) return false;
    }
  }
  throw outcome(last);
}

/** Appends wherever the log ends. Called in the log's turn. */
export async function appendAnywhere(
  connection: Connection,
  logs: Logs,
  log: string,
  events: readonly NewEvent[],
): Promise<{ first: number; last: number }> {
  const stored = events.map((event) => toStore(log, event, 'any', undefined));
  let failed: unknown;
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    try {
      const last = await connection.append(log, stored, 'any');
      logs.note(log, undefined);
      return { first: last - events.length + 1, last };
    } catch (error) {
      failed = error;
      logs.note(log, undefined);
      const failure = appendFailure(error);
      if (failure === 'final') throw explain(error);
      if (failure === 'not_leader') {
        await pause(PAUSE_MS * tries);
        continue;
      }
      const found = await findFence(connection, log, events, error);
      if (found !== undefined) return found;
    }
  }
  throw outcome(failed);
}

async function headOrUnknown(logs: Logs, log: string, cause: unknown): Promise<number> {
  try {
    return (await logs.readHead(log))?.position ?? 0;
  } catch {
    throw unknown(cause);
  }
}

async function findFence(
  connection: Connection,
  log: string,
  events: readonly NewEvent[],
  cause: unknown,
): Promise<{ first: number; last: number } | undefined> {
  const id = events.at(-1)?.id;
  if (id === undefined) return undefined;
  try {
    const recent = await connection.readBackwards(log, 'end', FENCE_LOOK_BACK);
    const last = recent.find(({ event }) => Buffer.compare(event.id, id) === 0)?.event.position;
    return last === undefined ? undefined : { first: last - events.length + 1, last };
  } catch {
    throw unknown(cause);
  }
}

/** All tries are used up: not being the leader means nothing was written. */
function outcome(error: unknown): unknown {
  return appendFailure(error) === 'not_leader' ? explain(error) : unknown(error);
}

function unknown(cause: unknown): JournalError {
  return new JournalError(
    'unknown',
    'the event store did not say whether it wrote the slice; re-read the head, then append the same events again or go on',
    { cause },
  );
}
