import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTransaction } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { NOON_US, vaultPlace } from '#test/support/vault.ts';
import { createDirectories } from '../../services/vault/directory/directories.ts';
import { markKeys, writeMark } from '../../services/vault/directory/marks.ts';
import type { Batch } from '../../services/vault/resolver.ts';
import { createResolver, ERASED } from '../../services/vault/resolver.ts';
import { MARKS } from '../../services/vault/scope-names.ts';
import { createScopeCache } from '../../services/vault/scopes.ts';
import { createSlotCache } from '../../services/vault/slot-cache.ts';
import type { SealRequest, Vault } from '#vault';
import { callRequest, tel } from './requests.ts';

let db: FreshDatabase;
let place: VaultPlace;
let vault: Vault;

beforeAll(async () => {
  db = await freshDatabase();
  place = await vaultPlace(db.pool);
  vault = await place.open();
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const ERASED_NUMBER = 1;

async function eraseBeforeNoon(): Promise<void> {
  const [key] = await vault.keyTree.ensure([MARKS]);
  if (key?.state !== 'alive') throw new Error('no key of the marks');
  const keys = markKeys(key.entry, key.key);
  const mark = { restricted: true, erasedAt: NOON_US };
  await withTransaction(db.pool, (client) => writeMark(client, keys, tel(ERASED_NUMBER).key, mark));
}

describe('the resolver', () => {
  it('says that all slots are cached only where each can still be used', async () => {
    await eraseBeforeNoon();
    // Two halves of eight.
    const slots = createSlotCache(16);
    const resolver = createResolver({
      slots,
      scopes: createScopeCache(vault.keyTree),
      directories: createDirectories(vault.keyTree, db.pool),
    });
    const load = async (batch: Batch, requests: SealRequest[]) => {
      for (let round = 0; round < 4; round += 1) {
        const missing = resolver.missing(requests, batch);
        if (missing === undefined) return;
        await resolver.load(missing, batch);
      }
    };
    const early = callRequest(tel(ERASED_NUMBER), tel(ERASED_NUMBER), { occurredAt: NOON_US - 1 });
    const later = callRequest(tel(ERASED_NUMBER), tel(ERASED_NUMBER));
    const among = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => callRequest(tel(from + i), tel(from + i)));

    // One batch learns that the number was erased; another one then begins its new subject.
    const batch = resolver.begin();
    await load(batch, [early]);
    await load(resolver.begin(), [later]);
    // The new subject's slot goes to the old half, eight others fill the young one.
    await load(resolver.begin(), among(100, 7));
    const wanted = among(200, 8);
    await load(resolver.begin(), wanted);
    expect(slots.size).toBe(16);

    // Finding the erased number moves its slot, and with it all that were found before it.
    const requests = [...wanted, early];
    const before = slots.rotations;
    const missing = resolver.missing(requests, batch);
    expect(slots.rotations).toBeGreaterThan(before);
    const directory = resolver.directory(early);
    if (directory === undefined) throw new Error('no directory');
    const found = requests.flatMap((request) =>
      request.boxes.flatMap(({ identifiers }) =>
        identifiers.map((identifier) => resolver.slot(directory, identifier, request, batch)),
      ),
    );
    const unusable = found.filter((at) => at < 0 && at !== ERASED);
    expect(missing === undefined ? unusable : []).toEqual([]);
  });
});
