import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { vaultPlace } from '#test/support/vault.ts';
import { partOf } from '../../../services/vault/key-tree/entry-id.ts';
import { directoryName } from '../../../services/vault/scope-names.ts';
import type { Identifier, SealedParts, SealRequest, Vault } from '#vault';
import { boxesOf, boxOf, callRequest, CARE, DOMAIN, NOVEMBER, tel } from '../requests.ts';

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

const sip = (value: string): Identifier => ({
  namespace: 'sip',
  scope: '',
  value,
  key: `sip\u0000\u0000${value}`,
});

/** Slot ids of the boxes of the events, as hex. */
async function slotsOf(
  requests: readonly SealRequest[],
  parts: readonly SealedParts[],
): Promise<(string | undefined)[]> {
  const refs = requests.flatMap((request, i) =>
    boxesOf(request, parts[i] ?? { groups: [] })
      .slice(0, 1)
      .map(({ ref }) => ref),
  );
  const pointed = await vault.pointers.open(refs);
  return pointed.flatMap((one) => one?.boxes.map(({ slots }) => hex(slots[0])) ?? []);
}

const hex = (id: Uint8Array | undefined) =>
  id === undefined ? undefined : Buffer.from(id).toString('hex');

async function lookUp(identifier: Identifier): Promise<string | undefined> {
  const [found] = await vault.reader.lookup(CARE, identifier, [DOMAIN], [NOVEMBER]);
  return hex(found?.slot);
}

describe('an identifier that has no bytes of its own (a lone surrogate)', () => {
  const [one, two] = [sip('\ud800'), sip('x\ud801')];

  it(
    'is sealed, also beside another one that becomes the same bytes',
    { timeout: 5_000 },
    async () => {
      const twin = sip('\ud801');
      const requests = [callRequest(one, tel(1)), callRequest(twin, tel(2))];
      const parts = await vault.sealer.seal(requests);
      const slots = await slotsOf(requests, parts);
      expect(slots).toHaveLength(4);
      expect(slots[0]).toBe(slots[2]);
      expect(await lookUp(one)).toBe(slots[0]);
      expect(await lookUp(twin)).toBe(slots[0]);
    },
  );

  it('leads to the slot it had when another process sees it', { timeout: 5_000 }, async () => {
    const request = callRequest(two, tel(1));
    const parts = await vault.sealer.seal([request]);
    const other = await place.open();
    const again = await other.sealer.seal([request]);
    expect(await slotsOf([request], again)).toEqual(await slotsOf([request], parts));
  });
});

describe('the lookup', () => {
  it('finds the slot of each number that was sealed, and none for any other', async () => {
    const known = Array.from({ length: 60 }, (_, i) => tel(500 + i * 2));
    const requests = known.map((number) => callRequest(number, number));
    const slots = await slotsOf(requests, await vault.sealer.seal(requests));
    for (const [i, number] of known.entries()) {
      expect(await lookUp(number)).toBe(slots[i * 2]);
      expect(await lookUp(tel(501 + i * 2))).toBeUndefined();
    }
  });
});

describe('an event of more persons than the slot cache holds', () => {
  it('is refused before a slot is made', { timeout: 5_000 }, async () => {
    const crowd = Array.from({ length: 70_000 }, (_, i) => boxOf('member', tel(20_000 + i)));
    await expect(
      vault.sealer.seal([callRequest(tel(1), tel(2), { boxes: crowd })]),
    ).rejects.toMatchObject({ code: 'bad_request' });
    expect(await lookUp(tel(20_000))).toBeUndefined();
  });
});

describe('a directory that gives nothing back', () => {
  it('is an alarm for the sealer, not something to ask for ever', { timeout: 20_000 }, async () => {
    const domain = { controller: 'operator', retentionClass: 'swallowed' };
    await vault.sealer.seal([callRequest(tel(1), tel(2), { domain })]);
    const [key] = await vault.keyTree.find([directoryName(domain, NOVEMBER)]);
    const part = key?.state === 'alive' ? partOf(key.entry) : 0;
    await db.pool.query(`
      create function swallow() returns trigger language plpgsql as 'begin return null; end';
      create trigger swallow before insert on vault.directory_${part}
        for each row execute function swallow();`);
    await expect(
      vault.sealer.seal([callRequest(tel(3), tel(4), { domain })]),
    ).rejects.toMatchObject({ code: 'tampered' });
    await db.pool.query(`drop trigger swallow on vault.directory_${part}`);
    const parts = await vault.sealer.seal([callRequest(tel(3), tel(4), { domain })]);
    expect(parts[0]?.groups[0]?.boxes).toHaveLength(2);
  });
});
