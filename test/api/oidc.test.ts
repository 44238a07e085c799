import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOidcVerifier } from '#api';
import type { OidcSettings } from '#api';

/** An issuer on this machine: discovery document and key set, with a count of what was asked for. */
let server: Server;
let issuer: string;
let key: { privateKey: CryptoKey; publicKey: CryptoKey };
let other: { privateKey: CryptoKey; publicKey: CryptoKey };
let keys: JWK[];
let fetched = 0;

beforeAll(async () => {
  key = await generateKeyPair('ES256');
  other = await generateKeyPair('ES256');
  keys = [{ ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'ES256' }];
  server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }));
    } else {
      fetched += 1;
      response.end(JSON.stringify({ keys }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A listening TCP server has such an address.
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const settings = (): OidcSettings => ({
  issuer,
  audience: 'tollbook',
  algorithms: ['ES256'],
  roleClaim: 'tollbook_role',
  accountClaim: 'tollbook_account',
  sourceClaim: 'tollbook_source',
});

interface Change {
  readonly claims?: Record<string, unknown>;
  readonly issuer?: string;
  readonly audience?: string;
  readonly expires?: string;
  readonly signer?: CryptoKey;
  readonly subject?: string;
}

async function jwt(change: Change = {}): Promise<string> {
  return new SignJWT({ tollbook_role: 'agent', ...change.claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .setSubject(change.subject ?? 'care.desk')
    .setIssuer(change.issuer ?? issuer)
    .setAudience(change.audience ?? 'tollbook')
    .setIssuedAt()
    .setExpirationTime(change.expires ?? '5m')
    .sign(change.signer ?? key.privateKey);
}

describe('an OIDC bearer token', () => {
  it('names its holder by subject and role', async () => {
    const verify = createOidcVerifier(settings());
    expect(await verify(await jwt())).toEqual({ actor: 'oidc:care.desk', role: 'agent' });
    const own = await verify(
      await jwt({ claims: { tollbook_role: 'account', tollbook_account: 'acme' } }),
    );
    expect(own).toEqual({ actor: 'oidc:care.desk', role: 'account', accountId: 'acme' });
  });

  it('is checked with keys fetched once', async () => {
    const before = fetched;
    const verify = createOidcVerifier(settings());
    await verify(await jwt());
    await verify(await jwt());
    expect(fetched - before).toBe(1);
  });

  it('never brings a number into the records: such a subject is named by its hash', async () => {
    const { actor } = await createOidcVerifier(settings())(await jwt({ subject: '+447700900123' }));
    expect(actor).toMatch(/^oidc:sha256:/);
  });

  it.each<[string, Change]>([
    ['another issuer', { issuer: 'https://elsewhere.example' }],
    ['another audience', { audience: 'billing' }],
    ['an end in the past', { expires: '-5m' }],
  ])('is refused with %s', async (_, change) => {
    const verify = createOidcVerifier(settings());
    await expect(verify(await jwt(change))).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is refused when another key signed it', async () => {
    await expect(
      createOidcVerifier(settings())(await jwt({ signer: other.privateKey })),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is refused with an algorithm that is not on the list, and with none', async () => {
    const strict = createOidcVerifier({ ...settings(), algorithms: ['EdDSA'] });
    await expect(strict(await jwt())).rejects.toMatchObject({ code: 'unauthenticated' });
    const [, payload] = (await jwt()).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload ?? ''}.`;
    await expect(createOidcVerifier(settings())(unsigned)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['no role', { tollbook_role: undefined }],
    ['a role of another system', { tollbook_role: 'root' }],
    ['role account and no account', { tollbook_role: 'account' }],
    ['role switch and no source', { tollbook_role: 'switch' }],
  ])('may do nothing with %s', async (_, claims) => {
    await expect(createOidcVerifier(settings())(await jwt({ claims }))).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('is not refused but waits when the issuer is away', async () => {
    const away = createOidcVerifier({ ...settings(), issuer: 'http://127.0.0.1:9' });
    await expect(away(await jwt())).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('OIDC settings', () => {
  it.each([['HS256'], ['none']])('refuse the algorithm %s', (algorithm) => {
    expect(() => createOidcVerifier({ ...settings(), algorithms: [algorithm] })).toThrow(
      /shared-secret/,
    );
  });
});
