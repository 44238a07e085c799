export type PlatformErrorCode =
  'bad_setting' | 'migration_changed' | 'postgres_missing' | 'postgres_failed' | 'postgres_user';

/** What happened and what to do, in one sentence; never personal data. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly code: PlatformErrorCode;

  constructor(code: PlatformErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
