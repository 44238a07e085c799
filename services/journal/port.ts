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
   * meta (with what the store adds to each event); a larger slice is split where `resume` is set, so
   * a cut leaves whole source records. No events: nothing is written, `expected` is checked.
   *
   * The same events, told by their ids, at the same `expected` again (a retry) are answered as the
   * first time, also by another process and when the log went on; of a slice that was cut only the
   * rest is written. The same events with `any` again are answered with their first place; a store
   * that lost its memory of recent ids (KurrentDB's restart) may hold such an event twice.
   *
   * @throws JournalError `conflict` when the log does not end at `expected`; `unknown` when the
   * outcome could not be learned (re-read the head, then retry or go on); `unavailable` when nothing
   * was written and the store may come back; `full` when the store has no room; `too_large` when one
   * source record is over `maxAtomicBytes` (nothing was written); `invalid` for a misuse.
   */
  append(log: string, events: readonly NewEvent[], expected: Expected): Promise<Appended>;

  /**
   * Reads from the position after `after` to the end the log has when the read begins, in batches of
   * `limit` events (the last one may be shorter). A log nobody wrote to reads as empty; where the
   * oldest events were dropped by retention, reading begins behind them. The bytes of an event are
   * views on a batch's memory: copy what is kept for long.
   *
   * @throws JournalError `unavailable` in mid-read (go on from the last position seen); `corrupt`
   * when the store holds a gap or bytes that are no events of this ledger.
   */
  readLog(log: string, after: number, limit: number): AsyncIterable<RecordedEvent[]>;

  /**
   * The events at `positions` (any order, no more than 10,000), each once, in order of position.
   * Positions the log does not hold, not yet or no more, are left out.
   */
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

  constructor(
    code: JournalErrorCode,
    message: string,
    options: { cause?: unknown; actual?: number } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.actual = options.actual;
  }
}
