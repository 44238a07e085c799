import { isDatabaseAway } from '#platform';
import { JournalError } from '../port.ts';

const DISK_FULL = '53100';
/** Class 40: deadlock; 53: resources; 58: input and output; 25006: a standby; 55P03: lock time-out. */
/** Class 28: authentication; 3D000: no such database; 3F000, 42P01: no such schema or table; 42501: rights. */
const SETTINGS = /^28...$|^(?:3D000|3F000|42P01|42501)$/;
const PASSING = /^(?:40|53|58)...$|^25006$|^55P03$|^57014$/;

function property(error: unknown, name: 'code' | 'severity'): string {
  if (typeof error !== 'object' || error === null || !(name in error)) return '';
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}

/** SQLSTATE where the server spoke, '' otherwise. */
export function sqlState(error: unknown): string {
  return property(error, 'severity') === '' ? '' : property(error, 'code');
}

/** For what fails before a statement was sent, and for reads. What it does not know it hands back. */
export function readError(error: unknown): unknown {
  if (error instanceof JournalError) return error;
  const state = sqlState(error);
  if (state === DISK_FULL) return full(error);
  if (isDatabaseAway(error) || PASSING.test(state) || isTimeout(error)) {
    return new JournalError(
      'unavailable',
      'the journal database is away; it is asked again until it answers',
      {
        cause: error,
      },
    );
  }
  if (SETTINGS.test(state)) {
    return new JournalError(
      'invalid',
      'the journal database is not set up: check user, password and rights, and that migrations ran',
      { cause: error },
    );
  }
  return error;
}

/**
 * For an append that was sent. An ERROR of the server undid the statement; anything that ended the
 * session (FATAL, PANIC, a broken or silent connection) may have come after the commit.
 */
export function appendError(error: unknown): unknown {
  if (error instanceof JournalError) return error;
  const state = sqlState(error);
  if (state === '' || property(error, 'severity') !== 'ERROR') {
    return new JournalError(
      'unknown',
      'the connection to the journal database ended in mid-append',
      {
        cause: error,
      },
    );
  }
  return readError(error);
}

function full(cause: unknown): JournalError {
  return new JournalError(
    'full',
    'the journal database has no disk space left; free some space, then go on from the head',
    { cause },
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}
