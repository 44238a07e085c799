/**
 * The event-store port. Words: a *log* is a gapless ordered sequence of events with one writer at a
 * time; a *position* is an event's place in its log, counted from 1; a *slice* is what one append
 * adds; the *head* tells where a log ends and where its source goes on.
 *
 * The port knows nothing of telephony, schemas or keys: an event is an id, a type and two opaque
 * byte strings.
 */

/** An event to append. `id` is 16 bytes and makes a retried append recognisable. */
export interface NewEvent {
  readonly id: Uint8Array;
  readonly type: string;
  readonly data: Uint8Array;
  readonly meta: Uint8Array;
  /**
   * Where the log's source goes on once this event is durable (for Kafka: the next offset to
   * fetch). Set on an event that completes a source record, absent otherwise (also on fences).
   */
  readonly resume?: number;
}

/** An event as the log holds it. */
export interface RecordedEvent extends NewEvent {
  readonly log: string;
  /** 1 for the first event of the log, without gaps. */
  readonly position: number;
  /** When the store accepted the slice, µs since the epoch, by the store's clock. */
  readonly recordedAt: number;
}

/**
 * The position the writer believes the log ends at (0: empty), or `any` for an event that must go
 * in whatever the log holds. Only fences use `any`.
 */
export type Expected = number | 'any';

export interface Appended {
  readonly first: number;
  readonly last: number;
}

export interface Head {
  readonly position: number;
  /** `resume` of the last event that carried one; undefined when none did. */
  readonly resume?: number;
}

export interface Journal {
  /**
   * Appends the events as one contiguous run, durably. Atomic up to `maxAtomicBytes` of data and
   * meta; a larger slice is split where `resume` is set, so a cut leaves whole source records.
   * The same events at the same `expected` again (a retry) are answered as the first time.
   *
   * @throws JournalError `conflict` when the log does not end at `expected`; `unknown` when the
   * outcome could not be learned (re-read the head, then retry or go on); `unavailable` when nothing
   * was written and the store may come back; `full` when the store has no room.
   */
  append(log: string, events: readonly NewEvent[], expected: Expected): Promise<Appended>;

  /**
   * Reads from the position after `after` to the end the log has when the read begins, in batches of
   * at most `limit` events (the last one may be shorter). A log nobody wrote to reads as empty.
   */
  readLog(log: string, after: number, limit: number): AsyncIterable<RecordedEvent[]>;

  /** The events at `positions` (any order, no more than 10,000), in order of position. */
  readAt(log: string, positions: readonly number[]): Promise<RecordedEvent[]>;

  /** Undefined for a log nobody wrote to. */
  head(log: string): Promise<Head | undefined>;

  readonly maxAtomicBytes: number;

  [Symbol.asyncDispose](): Promise<void>;
}

export type JournalErrorCode =
  | 'conflict'
  | 'unknown'
  | 'unavailable'
  | 'full'
  | 'too_large'
  | 'corrupt'
  | 'not_durable'
  | 'invalid';

export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;
  /** With `conflict`: where the log really ends. */
  readonly actual: number | undefined;

  constructor(code: JournalErrorCode, message: string, options: { cause?: unknown; actual?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.actual = options.actual;
  }
}
