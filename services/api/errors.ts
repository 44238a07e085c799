export type ApiErrorCode =
  | 'bad_request'
  | 'bad_cursor'
  | 'bad_number'
  | 'purpose_required'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'expired'
  | 'too_large'
  | 'unsupported_media_type'
  | 'too_busy'
  | 'internal'
  | 'unavailable'
  | 'store_full'
  | 'token_file'
  | 'bad_token_request';

/** What went wrong with a request, in one sentence that says what to do; never personal data. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ApiErrorCode,
    message: string,
    options: { cause?: unknown; retryAfter?: number } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}
