import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { vaultPlace } from '#test/support/vault.ts';
import type { GroupRef, Vault } from '#vault';
import { answers, boxesOf, callRequest, CARE, DOMAIN, NOVEMBER, tel } from './requests.ts';

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

async function sealOne(request = callRequest(tel(1), tel(2))) {
  const [parts] = await vault.sealer.seal([request]);
  if (parts === undefined) throw new Error('nothing was sealed');
  return { request, parts, boxes: boxesOf(request, parts) };
}

describe('a vault', () => {
  it('gives back what it sealed, to another process too', async () => {
    const { boxes } = await sealOne();
    expect(answers(await vault.reader.open(CARE, boxes))).toEqual([tel(1).value, tel(2).value]);
    const other = await place.open();
    expect(answers(await other.reader.open(CARE, boxes))).toEqual([tel(1).value, tel(2).value]);
  });

  it('points to the same slot for the same number and month, and to another in another month', async () => {
    const refs: GroupRef[] = [];
    for (const month of [NOVEMBER, NOVEMBER, NOVEMBER + 1]) {
      const { boxes } = await sealOne(callRequest(tel(1), tel(2), { month }));
      refs.push(...boxes.slice(0, 1).map(({ ref }) => ref));
    }
    const slots = (await vault.pointers.open(refs)).map((one) =>
      one?.boxes.map((box) => Buffer.from(box.slots[0] ?? []).toString('hex')),
    );
    expect(slots[0]).toEqual(slots[1]);
    expect(slots[0]).not.toEqual(slots[2]);
    expect(slots[0]?.[0]).not.toEqual(slots[0]?.[1]);
  });

  it('finds the slot of a number by month', async () => {
    const { boxes } = await sealOne();
    const ref = boxes[0]?.ref;
    const [pointed] = await vault.pointers.open(ref === undefined ? [] : [ref]);
    const found = await vault.reader.lookup(CARE, tel(1), [DOMAIN], [NOVEMBER - 1, NOVEMBER]);
    expect(found.map(({ slot }) => slot)).toEqual([undefined, pointed?.boxes[0]?.slots[0]]);
    const unknown = await vault.reader.lookup(CARE, tel(999), [DOMAIN], [NOVEMBER]);
    expect(unknown.map(({ slot }) => slot)).toEqual([undefined]);
  });

  it('answers "shredded" for boxes of a slot that a turn destroyed, and opens the others', async () => {
    const { boxes } = await sealOne(callRequest(tel(11), tel(12)));
    const [found] = await vault.reader.lookup(CARE, tel(11), [DOMAIN], [NOVEMBER]);
    await vault.keyTree.turn(found?.slot === undefined ? [] : [found.slot]);
    expect(answers(await vault.reader.open(CARE, boxes))).toEqual(['shredded', tel(12).value]);
  });

  it('keeps a quarantined record under the key of its day', async () => {
    const id = Buffer.alloc(16, 7);
    const body = Buffer.from('{"a":"+447700900123"');
    const [sealed] = await vault.sealer.sealQuarantined([{ id, at: place.clock.now(), body }]);
    const record = { id, sealed: sealed ?? Buffer.alloc(0) };
    expect(answers(await vault.reader.openQuarantined(CARE, [record]))).toEqual([body.toString()]);
    const swapped = { id: Buffer.alloc(16, 8), sealed: record.sealed };
    expect(answers(await vault.reader.openQuarantined(CARE, [swapped]))).toEqual(['tampered']);
  });
});
