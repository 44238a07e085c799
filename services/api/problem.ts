import { isDatabaseAway, maskNumbers } from '#platform';
import { ApiError } from './errors.ts';
import type { ApiErrorCode } from './errors.ts';

/** An answer of media type application/problem+json (RFC 9457). */
export interface Problem {
  /** `urn:tollbook:problem:` and the code. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ApiErrorCode;
  /** What happened and what to do; never holds anything the request carried. */
  readonly detail: string;
  readonly requestId: string;
  /** With `bad_request`: which parts of the request do not fit the schema. */
  readonly errors?: readonly { readonly at: string; readonly message: string }[];
}

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS: Readonly<Record<ApiErrorCode, ProblemKind>> = {
  bad_request: { status: 400, title: 'The request does not fit the schema' },
  bad_cursor: { status: 400, title: 'The cursor is not of this query' },
  bad_number: { status: 400, title: 'The number cannot be read' },
  purpose_required: { status: 400, title: 'Opening numbers needs a purpose' },
  bad_token_request: { status: 400, title: 'The token cannot be made like this' },
  unauthenticated: { status: 401, title: 'No valid token' },
  forbidden: { status: 403, title: 'Not for this role' },
  not_found: { status: 404, title: 'Not found' },
  expired: { status: 410, title: 'Its keys have ended' },
  too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is of another kind' },
  too_busy: { status: 429, title: 'Too many at once' },
  internal: { status: 500, title: 'A fault of the ledger' },
  token_file: { status: 500, title: 'The token file cannot be used' },
  unavailable: { status: 503, title: 'Not available just now' },
  store_full: { status: 507, title: 'The journal has no room' },
};

/** How the codes of other services' errors (by error name) read over HTTP. */
const FROM_SERVICES: Readonly<Record<string, Readonly<Record<string, ApiErrorCode>>>> = {
  JournalError: {
    unavailable: 'unavailable',
    unknown: 'unavailable',
    conflict: 'unavailable',
    full: 'store_full',
    too_large: 'too_large',
  },
  ProjectionsError: {
    bad_cursor: 'bad_cursor',
    busy: 'unavailable',
    superseded: 'unavailable',
    database_failed: 'unavailable',
  },
  IngestError: {
    overloaded: 'too_busy',
    store_away: 'unavailable',
    stopped: 'unavailable',
    superseded: 'unavailable',
    store_full: 'store_full',
    unknown_format: 'bad_request',
    bad_source: 'bad_request',
    bad_stream: 'bad_request',
    not_in_quarantine: 'not_found',
    quarantine_expired: 'expired',
    quarantine_unreadable: 'unavailable',
  },
  VaultError: {
    unavailable: 'unavailable',
    generation_mismatch: 'unavailable',
    bad_request: 'bad_request',
  },
};

/** What Fastify itself refuses; its own messages may quote the request, so ours are used. */
const FROM_FASTIFY: Readonly<Record<string, readonly [ApiErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'too_large',
    'the body is larger than this route takes; send it in parts',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'send application/json, or what the route names in /v1/openapi.json',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad_request', 'the body is empty; send a JSON document'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad_request', 'the body is no JSON document'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'bad_request',
    'the body is not as long as its Content-Length says',
  ],
  FST_ERR_BAD_URL: ['bad_request', 'the path is not a valid URL path'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'no route has a path like this'],
  FST_ERR_ASYNC_CONSTRAINT: ['not_found', 'no route has a path like this'],
};

/** The one mapping from errors to answers. What it does not know is `internal`, and says nothing more. */
export function problemOf(
  error: unknown,
  requestId: string,
): { problem: Problem; retryAfter?: number } {
  const known = asApiError(error);
  const kind = PROBLEMS[known.code];
  const parts = validationParts(error);
  const problem: Problem = {
    type: `urn:tollbook:problem:${known.code}`,
    title: kind.title,
    status: kind.status,
    code: known.code,
    detail: known.message,
    requestId,
    ...(parts === undefined ? {} : { errors: parts }),
  };
  return known.retryAfter === undefined ? { problem } : { problem, retryAfter: known.retryAfter };
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (!(error instanceof Error)) return internal(error);
  if (isDatabaseAway(error)) {
    return new ApiError('unavailable', 'the database is away just now; try again', {
      cause: error,
      retryAfter: 2,
    });
  }
  if (validationParts(error) !== undefined) {
    return new ApiError(
      'bad_request',
      'the request does not fit the schema in /v1/openapi.json; see errors',
      { cause: error },
    );
  }
  const code = codeOf(error);
  if (error instanceof SyntaxError && 'statusCode' in error) {
    return new ApiError('bad_request', 'the body is no JSON document', { cause: error });
  }
  const refused = FROM_FASTIFY[code];
  if (refused !== undefined) return new ApiError(refused[0], refused[1], { cause: error });
  const mapped = FROM_SERVICES[error.name]?.[code];
  return mapped === undefined ? internal(error) : fromService(mapped, error);
}

function fromService(code: ApiErrorCode, error: Error): ApiError {
  const waits = code === 'unavailable' || code === 'too_busy' || code === 'store_full';
  return new ApiError(code, error.message, { cause: error, ...(waits ? { retryAfter: 2 } : {}) });
}

function internal(cause: unknown): ApiError {
  return new ApiError(
    'internal',
    'something failed inside the ledger; its log has the request id and the reason',
    { cause },
  );
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Path and rule of each mismatch; what the request held there is left out, and so are unknown keys. */
function validationParts(error: unknown): { at: string; message: string }[] | undefined {
  if (!(error instanceof Error) || !('validation' in error) || !Array.isArray(error.validation))
    return undefined;
  const where = 'validationContext' in error ? String(error.validationContext) : 'request';
  return error.validation.slice(0, 10).map((item: unknown) => {
    const keyword = fieldOf(item, 'keyword');
    const rule =
      keyword === 'additionalProperties'
        ? 'must not have other properties'
        : fieldOf(item, 'message');
    return { at: maskNumbers(`${where}${fieldOf(item, 'instancePath')}`), message: rule };
  });
}

function fieldOf(item: unknown, key: string): string {
  const value: unknown =
    typeof item === 'object' && item !== null ? Reflect.get(item, key) : undefined;
  return typeof value === 'string' ? value : '';
}
