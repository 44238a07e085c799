import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTransaction } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { NOON_US, vaultPlace } from '#test/support/vault.ts';
import type { SealedParts, Vault } from '#vault';
import { markKeys, writeMark } from '../../../services/vault/directory/marks.ts';
import { MARKS } from '../../../services/vault/scope-names.ts';
import { callRequest, tel } from '../requests.ts';

let db: FreshDatabase;
let place: VaultPlace;
let vault: Vault;
let statements = 0;

beforeAll(async () => {
  db = await freshDatabase();
  db.pool.on('connect', (client) => {
    const query = client.query.bind(client);
    Object.assign(client, {
      query: (...args: Parameters<typeof query>) => {
        statements += 1;
        return query(...args);
      },
    });
  });
  place = await vaultPlace(db.pool);
  vault = await place.open();
  await vault.sealer.seal([callRequest(tel(1), tel(2))]);
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

describe('first sightings', () => {
  it('see a mark that is being set while they ask for it', async () => {
    const [key] = await vault.keyTree.ensure([MARKS]);
    if (key?.state !== 'alive') throw new Error('no key of the marks');
    const keys = markKeys(key.entry, key.key);
    const mark = { restricted: true, erasedAt: NOON_US + 1 };
    let sealing: Promise<SealedParts[]> | undefined;
    await withTransaction(db.pool, async (client) => {
      await writeMark(client, keys, tel(11).key, mark);
      sealing = vault.sealer.seal([callRequest(tel(11), tel(12))]);
      // The statement has begun, with its snapshot, and waits for the lock.
      await expect
        .poll(async () => {
          const { rows } = await db.pool.query(
            "select from pg_locks where locktype = 'advisory' and not granted",
          );
          return rows.length;
        })
        .toBe(1);
    });
    expect((await sealing)?.[0]?.omitted).toBe('erased');
  });

  it('of a whole batch take two statements', async () => {
    const requests = Array.from({ length: 200 }, (_, i) => callRequest(tel(100 + i), tel(400 + i)));
    // The lease may have ended meanwhile.
    await vault.sealer.seal([callRequest(tel(1), tel(2))]);
    statements = 0;
    const parts = await vault.sealer.seal(requests);
    expect(statements).toBeLessThanOrEqual(3);
    expect(parts.every(({ omitted, groups }) => omitted === undefined && groups.length === 1)).toBe(
      true,
    );
  });
});
