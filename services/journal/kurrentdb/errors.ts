import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  InvalidArgumentError,
  MaxAppendSizeExceededError,
  NotLeaderError,
  StreamDeletedError,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  UnknownError,
  UnsupportedError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { JournalError } from '../port.ts';

/** Our own time-out: the client's promise may never settle. */
export class SilentStore extends Error {
  override readonly name = 'SilentStore';
}

/** How an append that did not succeed ended. */
export type AppendFailure = 'elsewhere' | 'not_leader' | 'unknown' | 'final';

export function appendFailure(error: unknown): AppendFailure {
  if (error instanceof WrongExpectedVersionError) return 'elsewhere';
  if (error instanceof NotLeaderError) return 'not_leader';
  return isPassing(error) ? 'unknown' : 'final';
}

/** For reads, and for the appends that are `final`. What it does not know it hands back. */
export function explain(error: unknown): unknown {
  if (error instanceof JournalError) return error;
  if (error instanceof MaxAppendSizeExceededError) {
    return new JournalError(
      'too_large',
      'the event store takes less at once than 768 KiB; raise its MaxAppendSize to at least 1 MiB',
      { cause: error },
    );
  }
  if (error instanceof StreamDeletedError) {
    return new JournalError(
      'corrupt',
      'the stream of a log was deleted in the event store; restore it from a copy',
      {
        cause: error,
      },
    );
  }
  if (error instanceof AccessDeniedError) {
    return new JournalError(
      'invalid',
      'the event store refuses the user of the connection string; check its name, password and rights on the streams',
      { cause: error },
    );
  }
  if (isPassing(error) || error instanceof NotLeaderError) {
    return new JournalError(
      'unavailable',
      'the event store is away; it is asked again until it answers',
      {
        cause: error,
      },
    );
  }
  return error;
}

/**
 * Discovery and the first connect reject with a plain Error, so what is neither a known refusal nor
 * a programming error counts as the store being away.
 */
function isPassing(error: unknown): boolean {
  if (
    error instanceof UnavailableError ||
    error instanceof CancelledError ||
    error instanceof DeadlineExceededError ||
    error instanceof TimeoutError ||
    error instanceof UnknownError ||
    error instanceof SilentStore
  ) {
    return true;
  }
  if (
    error instanceof AccessDeniedError ||
    error instanceof InvalidArgumentError ||
    error instanceof StreamNotFoundError ||
    error instanceof UnsupportedError
  ) {
    return false;
  }
  return error instanceof Error && Object.getPrototypeOf(error) === Error.prototype;
}
