import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTransaction } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { NOON_US, vaultPlace } from '#test/support/vault.ts';
import type { Mark } from '../../services/vault/directory/marks.ts';
import { markKeys, writeMark } from '../../services/vault/directory/marks.ts';
import {
  accountName,
  directoryName,
  epochName,
  MARKS,
  quarantineName,
} from '../../services/vault/scope-names.ts';
import type { SealedParts, SealRequest, Vault } from '#vault';
import { answers, boxesOf, boxOf, callRequest, CARE, DOMAIN, NOVEMBER, tel } from './requests.ts';

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

async function seal(requests: SealRequest[], by = vault): Promise<SealedParts[]> {
  return by.sealer.seal(requests);
}

async function sealOne(request: SealRequest): Promise<SealedParts> {
  return (await seal([request]))[0] ?? { groups: [] };
}

const openAll = async (request: SealRequest, parts: SealedParts) =>
  answers(await vault.reader.open(CARE, boxesOf(request, parts)));

/** Destroys what is found by name, as the strip or a closure will. */
async function destroy(...names: string[]): Promise<void> {
  const found = await vault.keyTree.find(names);
  await vault.keyTree.turn(found.flatMap((key) => (key?.state === 'alive' ? [key.entry] : [])));
  await vault.sealer.refresh();
}

async function mark(n: number, what: Mark): Promise<void> {
  const [key] = await vault.keyTree.ensure([MARKS]);
  if (key?.state !== 'alive') throw new Error('no marks key');
  const keys = markKeys(key.entry, key.key);
  await withTransaction(db.pool, (client) => writeMark(client, keys, tel(n).key, what));
}

describe('the sealer', () => {
  it('gives every box bytes of its own, also for one number in one batch', async () => {
    const requests = Array.from({ length: 300 }, () => callRequest(tel(1), tel(2)));
    const parts = await seal(requests);
    const sealed = parts.flatMap(({ groups }) =>
      groups.flatMap(({ pointer, boxes }) => [pointer, ...boxes.map(({ box }) => box)]),
    );
    expect(sealed).toHaveLength(900);
    expect(new Set(sealed.map((one) => Buffer.from(one.subarray(0, 2)).toString('hex')))).toEqual(
      new Set(['0101']),
    );
    const runs = new Set<string>();
    let count = 0;
    for (const one of sealed) {
      const text = Buffer.from(one).toString('latin1');
      for (let at = 2; at + 8 <= text.length; at += 1, count += 1) runs.add(text.slice(at, at + 8));
    }
    expect(runs.size).toBe(count);
    expect(
      new Set(
        parts.flatMap(({ groups }) =>
          groups.flatMap(({ boxes }) => boxes.map(({ box }) => box.length)),
        ),
      ).size,
    ).toBe(1);
  });

  it('seals in either suite, and opens both', async () => {
    const aes = await place.open({ suite: 'aes-256-gcm' });
    const request = callRequest(tel(1), tel(2));
    const [parts] = await seal([request], aes);
    expect(parts?.groups[0]?.boxes[0]?.box[1]).toBe(2);
    expect(await openAll(request, parts ?? { groups: [] })).toEqual([tel(1).value, tel(2).value]);
  });

  it('keeps boxes of one category together under a pointer of their own', async () => {
    const text = {
      ...boxOf('sender', tel(1)),
      category: 'content' as const,
      identifiers: [tel(1), tel(2)],
      plaintext: Buffer.from('see you at eight'),
    };
    const nobody = {
      ...boxOf('member', tel(3)),
      identifiers: [],
      plaintext: Buffer.from('unknown'),
    };
    const request = callRequest(tel(1), tel(2), { boxes: [boxOf('caller', tel(1)), text, nobody] });
    const parts = await sealOne(request);
    expect(parts.groups.map(({ category, boxes }) => [category, boxes.length])).toEqual([
      ['traffic', 2],
      ['content', 1],
    ]);
    expect(await openAll(request, parts)).toEqual([tel(1).value, 'unknown', 'see you at eight']);
    const pointed = await vault.pointers.open(boxesOf(request, parts).map(({ ref }) => ref));
    expect(pointed[2]?.boxes[0]?.slots).toHaveLength(2);
  });

  it('ends content with any one of its parties', async () => {
    const text = {
      ...boxOf('sender', tel(21)),
      category: 'content' as const,
      identifiers: [tel(21), tel(22)],
      plaintext: Buffer.from('hello'),
    };
    const request = callRequest(tel(21), tel(22), { boxes: [text] });
    const parts = await sealOne(request);
    const [found] = await vault.reader.lookup(CARE, tel(22), [DOMAIN], [NOVEMBER]);
    await vault.keyTree.turn(found?.slot === undefined ? [] : [found.slot]);
    expect(await openAll(request, parts)).toEqual(['shredded']);
  });

  it('digests a box so that a repeat with another body shows, and only under the same event and slot', async () => {
    const eventId = randomBytes(16);
    const digest = async (request: SealRequest) => {
      const parts = await sealOne(request);
      const [pointed] = await vault.pointers.open(boxesOf(request, parts).map(({ ref }) => ref));
      return Buffer.from(pointed?.boxes[0]?.digest ?? []).toString('hex');
    };
    const body = (text: string) => [{ ...boxOf('caller', tel(1)), plaintext: Buffer.from(text) }];
    const first = await digest(callRequest(tel(1), tel(2), { eventId, boxes: body('a') }));
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(await digest(callRequest(tel(1), tel(2), { eventId, boxes: body('a') }))).toBe(first);
    expect(await digest(callRequest(tel(1), tel(2), { eventId, boxes: body('b') }))).not.toBe(
      first,
    );
    expect(await digest(callRequest(tel(1), tel(2), { boxes: body('a') }))).not.toBe(first);
    const other = [{ ...boxOf('caller', tel(2)), plaintext: Buffer.from('a') }];
    expect(await digest(callRequest(tel(1), tel(2), { eventId, boxes: other }))).not.toBe(first);
  });

  it('agrees with another process on every slot when both see the same numbers first', async () => {
    const other = await place.open();
    const requests = Array.from({ length: 400 }, (_, i) =>
      callRequest(tel(5000 + i), tel(5400 + i)),
    );
    const both = await Promise.all([seal(requests), seal(requests.toReversed(), other)]);
    const slots = async (parts: SealedParts[], of: SealRequest[]) => {
      const refs = of.flatMap((request, i) =>
        boxesOf(request, parts[i] ?? { groups: [] })
          .slice(0, 1)
          .map(({ ref }) => ref),
      );
      return (await vault.pointers.open(refs)).map((one) =>
        one?.boxes.map(({ slots: ids }) => Buffer.from(ids[0] ?? []).toString('hex')),
      );
    };
    const mine = await slots(both[0], requests);
    const theirs = (await slots(both[1], requests.toReversed())).toReversed();
    expect(mine).toEqual(theirs);
    expect(new Set(mine.flat()).size).toBe(800);
  });

  it('seals one number for several accounts and categories, each under its own scopes', async () => {
    const requests = ['acme', 'globex', 'acme', 'initech'].flatMap((accountId) => {
      const content = { ...boxOf('sender', tel(1)), category: 'content' as const };
      const boxes = [boxOf('caller', tel(1)), content, boxOf('callee', tel(1))];
      return [callRequest(tel(1), tel(1), { accountId, boxes })];
    });
    const parts = await seal(requests);
    for (const [i, request] of requests.entries()) {
      expect(await openAll(request, parts[i] ?? { groups: [] })).toEqual(
        Array.from({ length: 3 }, () => tel(1).value),
      );
    }
  });

  it('omits what belongs to a stripped epoch, and nothing of it opens any more', async () => {
    const month = NOVEMBER - 13;
    const request = callRequest(tel(1), tel(2), { month });
    const before = await sealOne(request);
    await destroy(epochName('cpaas-eu', 'traffic', month));
    expect(await sealOne(request)).toEqual({ groups: [], omitted: 'epoch_stripped' });
    expect(await openAll(request, before)).toEqual(['shredded', 'shredded']);
    expect(await vault.pointers.open(boxesOf(request, before).map(({ ref }) => ref))).toEqual([
      undefined,
      undefined,
    ]);
    const later = await place.open();
    expect((await seal([request], later))[0]?.omitted).toBe('epoch_stripped');
  });

  it('omits what belongs to a closed account, and keeps the pointers readable', async () => {
    const request = callRequest(tel(1), tel(2), { accountId: 'leaver' });
    const before = await sealOne(request);
    await destroy(accountName('leaver', 'traffic'));
    expect(await sealOne(request)).toEqual({ groups: [], omitted: 'account_closed' });
    expect(await openAll(request, before)).toEqual(['shredded', 'shredded']);
    expect(
      (await vault.pointers.open(boxesOf(request, before).map(({ ref }) => ref)))[0]?.boxes,
    ).toHaveLength(2);
    expect((await sealOne(callRequest(tel(1), tel(2)))).omitted).toBeUndefined();
  });

  it('omits an erased person before the erasure, keeps the other, and begins a new subject after it', async () => {
    await mark(31, { restricted: true, erasedAt: NOON_US });
    const early = callRequest(tel(31), tel(32), { occurredAt: NOON_US - 1 });
    const parts = await sealOne(early);
    expect(parts.omitted).toBe('erased');
    expect(await openAll(early, parts)).toEqual([tel(32).value]);
    const [none] = await vault.reader.lookup(CARE, tel(31), [DOMAIN], [NOVEMBER]);
    expect(none?.slot).toBeUndefined();
    const late = callRequest(tel(31), tel(32), { occurredAt: NOON_US });
    expect(await openAll(late, await sealOne(late))).toEqual([tel(31).value, tel(32).value]);
    // Also when the new subject's slot is cached, and in one batch with a later event.
    expect((await sealOne(early)).omitted).toBe('erased');
    const other = await place.open();
    const mixed = await seal([early, late, early], other);
    expect(mixed.map(({ omitted }) => omitted)).toEqual(['erased', undefined, 'erased']);
  });

  it('cannot be between reading the marks and making a slot when a mark is set', async () => {
    let marked = false;
    await withTransaction(db.pool, async (client) => {
      await client.query("select pg_advisory_xact_lock_shared(hashtext('tollbook vault marks'))");
      void mark(41, { restricted: true, erasedAt: NOON_US + 1 }).then(() => (marked = true));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(marked).toBe(false);
    });
    await expect.poll(() => marked).toBe(true);
    expect((await sealOne(callRequest(tel(41), tel(42)))).omitted).toBe('erased');
  });

  it('does not seal under a slot whose row outlived it', async () => {
    const request = callRequest(tel(51), tel(52));
    await sealOne(request);
    const [found] = await vault.reader.lookup(CARE, tel(51), [DOMAIN], [NOVEMBER]);
    await vault.keyTree.turn(found?.slot === undefined ? [] : [found.slot]);
    await vault.sealer.refresh();
    const parts = await sealOne(request);
    expect(parts.omitted).toBe('erased');
    expect(parts.groups[0]?.boxes.map(({ party }) => party)).toEqual(['callee']);
  });

  it('learns within its lease that another process destroyed a slot', async () => {
    const other = await place.open();
    const request = callRequest(tel(61), tel(62));
    expect((await seal([request], other))[0]?.omitted).toBeUndefined();
    const [found] = await vault.reader.lookup(CARE, tel(61), [DOMAIN], [NOVEMBER]);
    await vault.keyTree.turn(found?.slot === undefined ? [] : [found.slot]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await seal([request], other))[0]?.omitted).toBe('erased');
  });

  it('gives all processes one id key a month, and none once it was destroyed', async () => {
    const other = await place.open();
    const key = await vault.sealer.idKey(NOVEMBER);
    expect(await other.sealer.idKey(NOVEMBER)).toEqual(key);
    expect(await vault.sealer.idKey(NOVEMBER + 1)).not.toEqual(key);
    await destroy(`id/${NOVEMBER}`);
    await expect(vault.sealer.idKey(NOVEMBER)).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('opens nothing of a day in quarantine once its key was destroyed', async () => {
    const id = randomBytes(16);
    const at = NOON_US - 40 * 86_400_000_000;
    const [sealed] = await vault.sealer.sealQuarantined([{ id, at, body: Buffer.from('raw') }]);
    const record = { id, sealed: sealed ?? Buffer.alloc(0) };
    expect(answers(await vault.reader.openQuarantined(CARE, [record]))).toEqual(['raw']);
    await destroy(quarantineName(Math.floor(at / 86_400_000_000)));
    expect(answers(await vault.reader.openQuarantined(CARE, [record]))).toEqual(['shredded']);
    await expect(
      vault.sealer.sealQuarantined([{ id, at, body: Buffer.from('raw') }]),
    ).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('refuses a box of more persons than a box may have', async () => {
    const crowd = Array.from({ length: 9 }, (_, i) => tel(70 + i));
    const boxes = [{ ...boxOf('all', tel(70)), identifiers: crowd }];
    await expect(sealOne(callRequest(tel(1), tel(2), { boxes }))).rejects.toMatchObject({
      code: 'bad_request',
    });
  });

  it('says that a key is lost when the tree does not have it and no turn destroyed it', async () => {
    const elsewhere = { controller: 'operator', retentionClass: 'lossy' };
    const request = callRequest(tel(1), tel(2), { domain: elsewhere });
    const parts = await sealOne(request);
    const [directory] = await vault.keyTree.find([directoryName(elsewhere, NOVEMBER)]);
    const part = directory?.state === 'alive' ? directory.entry.readUInt32BE(0) : 0;
    await db.pool.query(`delete from vault.fresh_${part}`);
    expect(await openAll(request, parts)).toEqual(['lost', 'lost']);
    await vault.sealer.refresh();
    await expect(sealOne(request)).rejects.toMatchObject({ code: 'key_lost' });
  });
});
