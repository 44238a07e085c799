/** Ways the intake as a whole stops; a single bad record never does, it goes to quarantine. */
export type IngestErrorCode =
  | 'offset_out_of_range'
  | 'topic_recreated'
  | 'retention_too_long'
  | 'superseded'
  | 'store_full'
  | 'overloaded'
  | 'store_away'
  | 'stopped'
  | 'unknown_format'
  | 'bad_source'
  | 'bad_stream'
  | 'not_in_quarantine'
  | 'quarantine_expired'
  | 'quarantine_unreadable';

/** What happened and what to do, in one sentence; never personal data. */
export class IngestError extends Error {
  override readonly name = 'IngestError';
  readonly code: IngestErrorCode;

  constructor(code: IngestErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
