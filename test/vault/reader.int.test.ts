import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger, createPool } from '#platform';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { NOON_US, vaultPlace } from '#test/support/vault.ts';
import type { Custodian, GroupRef, Vault } from '#vault';
import { createPointerVault, VaultError } from '#vault';
import { openTouched } from '../../services/vault/access.ts';
import { openKeyTree } from '../../services/vault/key-tree/key-tree.ts';
import { accessScope, epochName } from '../../services/vault/scope-names.ts';
import { answers, boxesOf, callRequest, CARE, DOMAIN, NOVEMBER, tel } from './requests.ts';

const logger = createLogger({ level: 'silent', name: 'test' });
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

async function sealed(caller = 1, callee = 2) {
  const request = callRequest(tel(caller), tel(callee));
  const [parts] = await vault.sealer.seal([request]);
  return boxesOf(request, parts ?? { groups: [] });
}

const change = (ref: GroupRef, changed: Partial<GroupRef>): GroupRef => ({ ...ref, ...changed });

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('the reader', () => {
  it('appends who, why and how many before anything opens, and seals which', async () => {
    const boxes = await sealed();
    place.records.length = 0;
    await vault.reader.open(CARE, boxes);
    expect(place.records).toMatchObject([{ ...CARE, count: 2 }]);
    const record = place.records[0];
    const [key] = await vault.keyTree.find([
      accessScope(Math.floor(NOON_US / 86_400_000_000)).name,
    ]);
    const bytes = Buffer.from(record?.sealed ?? []);
    const touched = key?.state === 'alive' ? openTouched(key.key, bytes) : undefined;
    const slots = (await vault.pointers.open(boxes.slice(0, 1).map(({ ref }) => ref)))[0];
    expect(touched?.map(({ id }) => id)).toEqual(boxes.map(({ ref }) => ref.eventId));
    expect(touched?.map((one) => one.slots[0])).toEqual(slots?.boxes.map((one) => one.slots[0]));
    expect(JSON.stringify(record)).not.toContain('7700900');
  });

  it('opens nothing and rejects when the access record cannot be appended', async () => {
    const boxes = await sealed();
    const asked: string[] = [];
    const deaf = await place.open({
      recordAccess: async () => {
        asked.push('record');
        throw new Error('the journal is away');
      },
    });
    await expect(deaf.reader.open(CARE, boxes)).rejects.toThrow('the journal is away');
    await expect(
      deaf.reader.openQuarantined(CARE, [{ id: Buffer.alloc(16), sealed: Buffer.alloc(9) }]),
    ).rejects.toThrow('away');
    await expect(deaf.reader.lookup(CARE, tel(1), [DOMAIN], [NOVEMBER])).rejects.toThrow('away');
    expect(asked).toHaveLength(3);
  });

  it('answers "tampered" for a box that was changed, cut, swapped or moved to another event', async () => {
    const [caller, callee] = await sealed();
    const [other] = await sealed(3, 4);
    if (caller === undefined || callee === undefined || other === undefined) throw new Error();
    const { ref } = caller;
    const boxed = (box: Uint8Array, party = 'caller') => ({
      ref: change(ref, {
        group: { ...ref.group, boxes: [{ party, box }, ref.group.boxes[1] ?? { party, box }] },
      }),
      index: 0,
    });
    const own = ref.group.boxes[0]?.box ?? new Uint8Array();
    const broken = [
      boxed(flip(own, 30)),
      boxed(flip(own, 0)),
      boxed(own.subarray(0, 40)),
      boxed(new Uint8Array()),
      boxed(ref.group.boxes[1]?.box ?? own),
      boxed(own, 'callee'),
      { ref: change(ref, { eventId: other.ref.eventId }), index: 0 },
      { ref: change(ref, { type: 'call.ended' }), index: 0 },
      { ref: change(ref, { fingerprint: Buffer.alloc(8) }), index: 0 },
      { ref: change(ref, { group: { ...ref.group, pointer: other.ref.group.pointer } }), index: 0 },
      {
        ref: change(ref, { group: { ...ref.group, pointer: flip(ref.group.pointer, 40) } }),
        index: 0,
      },
      { ref, index: 7 },
    ];
    expect(answers(await vault.reader.open(CARE, broken))).toEqual(broken.map(() => 'tampered'));
    expect(answers(await vault.reader.open(CARE, [boxed(own)]))).toEqual([tel(1).value]);
    const projector = vault.pointers.open([change(ref, { eventId: other.ref.eventId })]);
    await expect(projector).rejects.toMatchObject({ code: 'tampered' });
  });

  it('answers "lost" for an epoch nobody ever made, and tells a projector so', async () => {
    const [box] = await sealed();
    if (box === undefined) throw new Error();
    const ref = change(box.ref, { month: NOVEMBER + 500 });
    expect(answers(await vault.reader.open(CARE, [{ ref, index: 0 }]))).toEqual(['lost']);
    await expect(vault.pointers.open([ref])).rejects.toMatchObject({ code: 'key_lost' });
  });

  it('answers "unavailable" while the custodian is away, and opens when it is back', async () => {
    const boxes = await sealed();
    let away = false;
    const custodian: Custodian = {
      ...place.custodian,
      open: (generation, bytes) => {
        if (away) throw new VaultError('unavailable', 'the custodian is away: ask again');
        return place.custodian.open(generation, bytes);
      },
    };
    const remote = await place.open({ custodian });
    away = true;
    expect(answers(await remote.reader.open(CARE, boxes))).toEqual(['unavailable', 'unavailable']);
    await expect(remote.pointers.open(boxes.map(({ ref }) => ref))).rejects.toMatchObject({
      code: 'unavailable',
    });
    let done = false;
    const request = callRequest(tel(901), tel(902));
    const waiting = remote.sealer.seal([request]).then((parts) => {
      done = true;
      return parts;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(done).toBe(false);
    away = false;
    expect((await waiting)[0]?.groups).toHaveLength(1);
    expect(answers(await remote.reader.open(CARE, boxes))).toEqual([tel(1).value, tel(2).value]);
  });

  it('runs the same statements over as many rows for a known number as for an unknown one', async () => {
    await sealed();
    const seen: { text: string; rows: number }[] = [];
    const pool = createPool({ url: db.url, max: 4, name: 'watched' });
    const query = pool.query.bind(pool);
    Object.assign(pool, {
      query: async (config: string | { text: string }) => {
        const text = typeof config === 'string' ? config : config.text;
        const result = await query(config);
        // The lease looks at the generation by the clock, whoever is asked for.
        if (text.startsWith('select generation ')) return result;
        seen.push({ text, rows: result.rowCount ?? 0 });
        return result;
      },
    });
    const watched = await place.open({ pool });
    const run = async (n: number) => {
      seen.length = 0;
      const found = await watched.reader.lookup(CARE, tel(n), [DOMAIN], [NOVEMBER]);
      const record = place.records.at(-1);
      return {
        known: found[0]?.slot !== undefined,
        seen: [...seen],
        bytes: record?.sealed.length,
        count: record?.count,
      };
    };
    await run(1);
    const known = await run(1);
    const numbers = [777, 778, 779, 780, 781];
    for (const n of numbers) {
      const unknown = await run(n);
      expect([known.known, unknown.known]).toEqual([true, false]);
      expect({ ...unknown, known: true }).toEqual(known);
    }
    expect(known.seen.length).toBeGreaterThan(1);
    await watched.close();
    await pool.end();
  });

  it('lets a projector read epochs and refuses it every other key', async () => {
    const boxes = await sealed();
    const options = {
      pool: db.pool,
      custodian: place.custodian,
      decisions: place.decisions,
      logger,
    };
    const projector = await createPointerVault(options);
    const [pointed] = await projector.pointers.open(boxes.slice(0, 1).map(({ ref }) => ref));
    const slot = pointed?.boxes[0]?.slots[0];
    expect(slot).toHaveLength(16);
    const tree = await openKeyTree({ ...options, kinds: new Set(['epoch']) });
    await expect(tree.read(slot === undefined ? [] : [slot])).rejects.toMatchObject({
      code: 'bad_request',
    });
    expect((await tree.find([epochName('cpaas-eu', 'traffic', NOVEMBER)]))[0]?.state).toBe('alive');
    await tree[Symbol.asyncDispose]();
    await projector.close();
  });

  it('does not open at all when the key tree is older than the decision log', async () => {
    const [slot] = await vault.reader.lookup(CARE, tel(1), [DOMAIN], [NOVEMBER]);
    const before = await db.pool.query('select * from vault.root');
    expect(slot?.slot).toBeDefined();
    await vault.keyTree.turn([]);
    await db.pool.query('update vault.root set generation = $1', [before.rows[0].generation]);
    await expect(place.open()).rejects.toMatchObject({
      code: 'generation_mismatch',
      message: expect.stringContaining('the key tree is older'),
    });
    await db.pool.query('update vault.root set generation = generation + 1');
  });
});
