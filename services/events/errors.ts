export type EventsErrorCode =
  | 'bad_schema'
  | 'unknown_type'
  | 'unknown_schema'
  | 'not_wire_format'
  | 'undecodable'
  | 'invalid_event'
  | 'unencodable'
  | 'corrupt_event';

/** One thing wrong with one field; never says what the field held. */
export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

/** What can go wrong between bytes and events; `docs/errors.md` says what to do about each. */
export class EventsError extends Error {
  override readonly name = 'EventsError';
  readonly code: EventsErrorCode;
  /** With `invalid_event`: every field that was refused. */
  readonly problems: readonly FieldProblem[];

  constructor(
    code: EventsErrorCode,
    message: string,
    options: { cause?: unknown; problems?: readonly FieldProblem[] } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.problems = options.problems ?? [];
  }
}
