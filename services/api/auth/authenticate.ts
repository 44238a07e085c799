import { ApiError } from '../errors.ts';
import { looksLikeJwt } from './oidc.ts';
import type { OidcVerifier } from './oidc.ts';
import type { Principal } from './principal.ts';
import type { StoredToken, TokenStore } from './token-store.ts';

/** Turns an Authorization header into who calls. */
export type Authenticate = (authorization: string | undefined) => Promise<Principal>;

export interface AuthenticateOptions {
  readonly tokens: TokenStore;
  readonly oidc?: OidcVerifier | undefined;
}

export function createAuthenticate({ tokens, oidc }: AuthenticateOptions): Authenticate {
  return async (authorization) => {
    const secret = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i.exec(authorization ?? '')?.[1];
    if (secret === undefined) {
      throw new ApiError(
        'unauthenticated',
        'send a token as "Authorization: Bearer ..."; `tollbook token create` mints one',
      );
    }
    if (secret.startsWith('tb_')) {
      const token = await tokens.find(secret);
      if (token !== undefined) return principalOf(token);
    } else if (oidc !== undefined && looksLikeJwt(secret)) {
      return oidc(secret);
    }
    throw new ApiError(
      'unauthenticated',
      'this token is unknown, expired or revoked; `tollbook token create` mints one',
    );
  };
}

function principalOf(token: StoredToken): Principal {
  return {
    actor: token.id,
    role: token.role,
    ...(token.accountId === undefined ? {} : { accountId: token.accountId }),
    ...(token.source === undefined ? {} : { source: token.source }),
  };
}
