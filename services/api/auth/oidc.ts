import { createHash } from 'node:crypto';
import { createRemoteJWKSet, customFetch, decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { maskNumbers } from '#platform';
import { ApiError } from '../errors.ts';
import { isRole } from './principal.ts';
import type { Principal } from './principal.ts';

/** One trusted issuer. Algorithms are an allow-list: what is not named is refused, `none` always. */
export interface OidcSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** Where its keys are; read from the issuer's discovery document when absent. */
  readonly jwksUrl?: string | undefined;
  /** Claims that carry tollbook's role, account and source. */
  readonly roleClaim: string;
  readonly accountClaim: string;
  readonly sourceClaim: string;
}

export type OidcVerifier = (jwt: string) => Promise<Principal>;

const ASYMMETRIC = /^(?:RS|PS|ES)(?:256|384|512)$|^EdDSA$|^Ed25519$/;
const CACHE_MS = 10 * 60_000;
const COOLDOWN_MS = 30_000;
const TIMEOUT_MS = 5_000;
const CLOCK_SKEW_S = 30;

/**
 * Verifies bearer JWTs (RFC 9068 style) against the issuer's keys: signature, issuer, audience,
 * expiry, not-before. Keys are fetched when first needed and kept ten minutes; an unknown key id
 * asks again, at most every half minute. A key set that cannot be fetched is `unavailable`, not a refusal.
 */
export function createOidcVerifier(
  settings: OidcSettings,
  fetchImpl: typeof fetch = fetch,
): OidcVerifier {
  const unsafe = settings.algorithms.find((algorithm) => !ASYMMETRIC.test(algorithm));
  if (unsafe !== undefined || settings.algorithms.length === 0) {
    throw new ApiError(
      'bad_token_request',
      'the OIDC algorithm list may name RS, PS and ES of 256, 384 and 512 bits and EdDSA only: a shared-secret algorithm would let anybody who knows the public key sign',
    );
  }
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const keySet = async (): Promise<JWTVerifyGetKey> => {
    keys ??= openKeySet(settings, fetchImpl);
    try {
      return await keys;
    } catch (error) {
      keys = undefined;
      throw error;
    }
  };
  return async (jwt) => {
    const { payload } = await verify(jwt, await keySet(), settings);
    return principalOf(payload, settings);
  };
}

async function verify(
  jwt: string,
  keys: JWTVerifyGetKey,
  settings: OidcSettings,
): Promise<{ payload: JWTPayload }> {
  try {
    return await jwtVerify(jwt, keys, {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms: [...settings.algorithms],
      clockTolerance: CLOCK_SKEW_S,
      requiredClaims: ['exp', 'sub'],
    });
  } catch (cause) {
    throw refusalOf(cause);
  }
}

function refusalOf(cause: unknown): ApiError {
  if (cause instanceof errors.JWTExpired) {
    return new ApiError('unauthenticated', 'this token has expired; ask the issuer for a new one', {
      cause,
    });
  }
  const ofToken =
    cause instanceof errors.JWTClaimValidationFailed ||
    cause instanceof errors.JWTInvalid ||
    cause instanceof errors.JWSInvalid ||
    cause instanceof errors.JWSSignatureVerificationFailed ||
    cause instanceof errors.JOSEAlgNotAllowed ||
    cause instanceof errors.JOSENotSupported ||
    cause instanceof errors.JWKSNoMatchingKey ||
    cause instanceof errors.JWKSMultipleMatchingKeys;
  if (ofToken) {
    return new ApiError(
      'unauthenticated',
      'this token is not one the configured issuer signed for this ledger',
      { cause },
    );
  }
  return new ApiError('unavailable', "the issuer's keys cannot be fetched just now; try again", {
    cause,
    retryAfter: 5,
  });
}

async function openKeySet(
  settings: OidcSettings,
  fetchImpl: typeof fetch,
): Promise<JWTVerifyGetKey> {
  const url = settings.jwksUrl ?? (await discover(settings.issuer, fetchImpl));
  return createRemoteJWKSet(new URL(url), {
    cacheMaxAge: CACHE_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: fetchImpl,
  });
}

async function discover(issuer: string, fetchImpl: typeof fetch): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetchImpl(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    });
    const document: unknown = response.ok ? await response.json() : undefined;
    if (typeof document === 'object' && document !== null && 'jwks_uri' in document) {
      const named = 'issuer' in document ? document.issuer : undefined;
      if (named === issuer && typeof document.jwks_uri === 'string') return document.jwks_uri;
    }
  } catch (cause) {
    throw new ApiError('unavailable', 'the issuer cannot be reached just now; try again', {
      cause,
      retryAfter: 5,
    });
  }
  throw new ApiError(
    'unavailable',
    'the issuer has no discovery document that names itself and its keys',
    {
      retryAfter: 30,
    },
  );
}

function principalOf(payload: JWTPayload, settings: OidcSettings): Principal {
  const role = payload[settings.roleClaim];
  const accountId = payload[settings.accountClaim];
  const source = payload[settings.sourceClaim];
  if (!isRole(role)) {
    throw new ApiError(
      'forbidden',
      `this token's claim ${settings.roleClaim} names no role of this ledger`,
    );
  }
  if (role === 'account' && typeof accountId !== 'string') {
    throw new ApiError(
      'forbidden',
      `a token with role account needs the claim ${settings.accountClaim}`,
    );
  }
  if (role === 'switch' && typeof source !== 'string') {
    throw new ApiError(
      'forbidden',
      `a token with role switch needs the claim ${settings.sourceClaim}`,
    );
  }
  return {
    actor: actorOf(payload.sub ?? ''),
    role,
    ...(role === 'account' && typeof accountId === 'string' ? { accountId } : {}),
    ...(typeof source === 'string' ? { source } : {}),
  };
}

/** A subject that could be a number or an address is named by its hash in records and logs. */
function actorOf(subject: string): string {
  if (maskNumbers(subject) === subject) return `oidc:${subject}`;
  return `oidc:sha256:${createHash('sha256').update(subject).digest('base64url')}`;
}

/** Whether a bearer token is a JWT at all (three dot-separated parts with a JSON payload). */
export function looksLikeJwt(token: string): boolean {
  try {
    return token.split('.').length === 3 && decodeJwt(token) !== undefined;
  } catch {
    return false;
  }
}
