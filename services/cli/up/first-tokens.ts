import { createTokenStore } from '#api';
import type { TokenRequest, TokenStore } from '#api';
import { readTextFile, writeSecretFile } from '../place.ts';
import type { DataFolder } from '../place.ts';

/**
 * The tokens a ledger begins with, drawn at the first start: the owner's, and one for the built-in
 * traffic, which may only hand in events. Returns the owner's.
 */
export async function firstTokens(folder: DataFolder): Promise<string> {
  const store = createTokenStore(folder.tokens);
  await ensure(store, folder.trafficToken, { name: 'traffic', role: 'switch', source: 'traffic' });
  return ensure(store, folder.ownToken, { name: 'owner', role: 'operator', source: 'local' });
}

/** The token in the file while it is good, else a new one: deleting the file draws anew. */
async function ensure(store: TokenStore, file: string, request: TokenRequest): Promise<string> {
  const kept = (await readTextFile(file))?.trim();
  if (kept !== undefined && (await store.find(kept)) !== undefined) return kept;
  for (const token of await store.list()) {
    if (token.name === request.name && token.revokedAt === undefined) await store.revoke(token.id);
  }
  const { secret } = await store.create(request);
  await writeSecretFile(file, `${secret}\n`);
  return secret;
}
