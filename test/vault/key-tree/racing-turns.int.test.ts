import { afterAll, beforeAll, expect, it } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { vaultPlace } from '#test/support/vault.ts';
import type { Custodian } from '#vault';
import { VaultError } from '#vault';

let db: FreshDatabase;
let place: VaultPlace;

beforeAll(async () => {
  db = await freshDatabase();
  place = await vaultPlace(db.pool);
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

it('a key read that two turns overtake reads again under the root of the second', async () => {
  const officer = await place.open();
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let isSlow = false;
  const custodian: Custodian = {
    ...place.custodian,
    async open(generation, sealed) {
      if (isSlow) {
        isSlow = false;
        asked.resolve();
        await goOn.promise;
      }
      return place.custodian.open(generation, sealed);
    },
  };
  const other = await place.open({ custodian });
  const key = await officer.sealer.idKey(600);
  await officer.keyTree.turn([]);
  // The lease ends, so the nodes are read anew: the root row first, then its key.
  await delay(600);
  isSlow = true;
  const reading = other.sealer.idKey(600);
  await asked.promise;
  await officer.keyTree.turn([]);
  goOn.resolve();
  expect(await reading).toEqual(key);
});

it('a root that is missing though the tree has not moved is told at once', async () => {
  let isGone = false;
  const custodian: Custodian = {
    ...place.custodian,
    async open(generation, sealed) {
      if (isGone) throw new VaultError('root_missing', 'the root is not there');
      return place.custodian.open(generation, sealed);
    },
  };
  const vault = await place.open({ custodian });
  isGone = true;
  await expect(vault.sealer.idKey(601)).rejects.toMatchObject({ code: 'root_missing' });
});

it('turns follow each other on one connection, and leave no lock behind', async () => {
  const pool = createPool({ url: db.url, max: 4, name: 'turner' });
  let connections = 0;
  pool.on('connect', () => {
    connections += 1;
  });
  const vault = await place.open({ pool });
  const before = connections;
  for (let turn = 0; turn < 5; turn += 1) await vault.keyTree.turn([]);
  expect(connections).toBe(before);
  const held = await db.pool.query(`
    select from pg_locks join pg_database on database = pg_database.oid
    where locktype = 'advisory' and datname = current_database()`);
  expect(held.rowCount).toBe(0);
  await vault.close();
  await pool.end();
});
