export type ProjectionsErrorCode =
  'superseded' | 'busy' | 'bad_cursor' | 'corrupt_view' | 'rebuild_needed' | 'differs';

/** What happened and what to do, in one sentence; never personal data. */
export class ProjectionsError extends Error {
  override readonly name = 'ProjectionsError';
  readonly code: ProjectionsErrorCode;

  constructor(code: ProjectionsErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
