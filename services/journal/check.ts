import type { NewEvent } from './port.ts';
import { JournalError } from './port.ts';

const LOG = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,254}$/;
const ID_BYTES = 16;
const TYPE_CHARACTERS_MAX = 100;
const POSITIONS_MAX = 10_000;

/** What every adapter refuses before it talks to its store. */
export function checkAppend(
  log: string,
  events: readonly NewEvent[],
  expected: number | 'any',
): void {
  checkLog(log);
  if (expected !== 'any') checkPosition(expected);
  for (const event of events) {
    if (event.id.length !== ID_BYTES)
      throw invalid(`an event id has ${event.id.length} bytes instead of 16`);
    if (event.type.length === 0 || event.type.length > TYPE_CHARACTERS_MAX) {
      throw invalid(
        `an event type has ${event.type.length} characters; 1 to ${TYPE_CHARACTERS_MAX} are allowed`,
      );
    }
    const { resume } = event;
    if (resume !== undefined && (!Number.isSafeInteger(resume) || resume < 0)) {
      throw invalid('resume must be an integer from 0 to 2^53 - 1');
    }
  }
}

export function checkLog(log: string): void {
  if (!LOG.test(log)) {
    throw invalid(
      'a log name has 1 to 255 letters, digits or . _ : / - and begins with a letter or digit',
    );
  }
}

export function checkPosition(position: number): void {
  if (!Number.isSafeInteger(position) || position < 0) {
    throw invalid(`${position} is no position; positions are integers from 0`);
  }
}

/** Sorted, each once. */
export function checkPositions(positions: readonly number[]): number[] {
  if (positions.length > POSITIONS_MAX) {
    throw invalid(`${positions.length} positions at once; ask for ${POSITIONS_MAX} at most`);
  }
  for (const position of positions) checkPosition(position);
  return [...new Set(positions)].sort((a, b) => a - b);
}

export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalid('a read limit is an integer from 1');
}

function invalid(message: string): JournalError {
  return new JournalError('invalid', message);
}
