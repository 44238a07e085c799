/** What can go wrong with traffic: see docs/errors.md. */
export type TrafficErrorCode = 'away' | 'refused' | 'bad_state';

export class TrafficError extends Error {
  override readonly name = 'TrafficError';
  readonly code: TrafficErrorCode;
  /** With `away`: how long the other side asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: TrafficErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}
