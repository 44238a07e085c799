import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, createTokenStore } from '#api';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollbook-tokens-'));
  file = join(folder, 'tokens.json');
});
afterEach(() => rm(folder, { recursive: true }));

describe('local tokens', () => {
  it('are found by their secret and by nothing else', async () => {
    const store = createTokenStore(file);
    const { token, secret } = await store.create({ name: 'care-desk', role: 'agent' });
    expect(await store.find(secret)).toEqual(token);
    expect(await store.find(`${secret}x`)).toBeUndefined();
    expect(await store.find(token.sha256)).toBeUndefined();
  });

  it('have 256 random bits, and the file keeps only their hash', async () => {
    const store = createTokenStore(file);
    const { secret } = await store.create({ name: 'one', role: 'operator' });
    expect(Buffer.from(secret.slice('tb_'.length), 'base64url')).toHaveLength(32);
    expect(await readFile(file, 'utf8')).not.toContain(secret.slice('tb_'.length));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('end at a revocation, at once also for a store that read the file before', async () => {
    const server = createTokenStore(file);
    const admin = createTokenStore(file);
    const { token, secret } = await admin.create({ name: 'one', role: 'operator' });
    expect(await server.find(secret)).toBeDefined();
    expect(await admin.revoke(token.id)).toBe(true);
    expect(await server.find(secret)).toBeUndefined();
    expect(await admin.revoke(token.id)).toBe(false);
  });

  it('end at their expiry', async () => {
    let now = new Date('2026-11-22T08:00:00Z');
    const store = createTokenStore(file, () => now);
    const { secret } = await store.create({
      name: 'one',
      role: 'operator',
      expiresAt: '2026-11-22T09:00:00Z',
    });
    expect(await store.find(secret)).toBeDefined();
    now = new Date('2026-11-22T09:00:00Z');
    expect(await store.find(secret)).toBeUndefined();
  });

  it('are all kept when several processes mint at once', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        createTokenStore(file).create({ name: `n${index}`, role: 'auditor' }),
      ),
    );
    expect(await createTokenStore(file).list()).toHaveLength(8);
  });

  it('are refused from a file that others can read', async () => {
    const store = createTokenStore(file);
    const { secret } = await store.create({ name: 'one', role: 'operator' });
    await chmod(file, 0o644);
    await expect(store.find(secret)).rejects.toMatchObject({
      name: 'ApiError',
      code: 'token_file',
    });
  });

  it.each([
    ['a name with spaces', { name: 'my token', role: 'operator' as const }],
    ['role account without an account', { name: 'one', role: 'account' as const }],
    ['an account for another role', { name: 'one', role: 'agent' as const, accountId: 'acme' }],
    ['role switch without a source', { name: 'one', role: 'switch' as const }],
    ['a source with a slash', { name: 'one', role: 'switch' as const, source: 'a/b' }],
    ['an expiry that is no time', { name: 'one', role: 'agent' as const, expiresAt: 'soon' }],
  ])('cannot be made with %s', async (_, request) => {
    await expect(createTokenStore(file).create(request)).rejects.toBeInstanceOf(ApiError);
    await expect(createTokenStore(file).create(request)).rejects.toMatchObject({
      code: 'bad_token_request',
    });
  });

  it('cannot be made twice under one name, until the first is revoked', async () => {
    const store = createTokenStore(file);
    const { token } = await store.create({ name: 'one', role: 'agent' });
    await expect(store.create({ name: 'one', role: 'agent' })).rejects.toMatchObject({
      code: 'bad_token_request',
    });
    await store.revoke(token.id);
    await expect(store.create({ name: 'one', role: 'agent' })).resolves.toBeDefined();
  });
});
