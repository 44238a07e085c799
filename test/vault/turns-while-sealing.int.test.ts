import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FreshDatabase } from '#test/support/postgres.ts';
import { freshDatabase } from '#test/support/postgres.ts';
import type { VaultPlace } from '#test/support/vault.ts';
import { vaultPlace } from '#test/support/vault.ts';
import type { BoxToOpen, Vault } from '#vault';
import { answers, boxesOf, callRequest, CARE, DOMAIN, NOVEMBER, tel } from './requests.ts';

let db: FreshDatabase;
let place: VaultPlace;

beforeAll(async () => {
  db = await freshDatabase({ max: 16 });
  place = await vaultPlace(db.pool);
});

afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

describe('turns while other processes seal', () => {
  it('end exactly what they were asked to, and hold nobody up for good', async () => {
    const [first, second, officer] = [await place.open(), await place.open(), await place.open()];
    const sealed: { boxes: BoxToOpen[]; numbers: string[] }[] = [];
    let turning = true;

    async function ingest(vault: Vault, from: number): Promise<number> {
      let batches = 0;
      for (; turning; batches += 1) {
        const requests = Array.from({ length: 40 }, (_, i) => {
          const n = from + batches * 20 + i;
          return callRequest(tel(n), tel(n + 1));
        });
        const parts = await vault.sealer.seal(requests);
        requests.forEach((request, i) => {
          const boxes = boxesOf(request, parts[i] ?? { groups: [] });
          const byParty = new Map(request.boxes.map((box) => [box.party, box.identifiers[0]]));
          const numbers = boxes.map(
            ({ ref, index }) => byParty.get(ref.group.boxes[index]?.party ?? '')?.value ?? '',
          );
          sealed.push({ boxes, numbers });
        });
      }
      return batches;
    }

    async function erase(): Promise<Set<string>> {
      const gone = new Set<string>();
      for (let turn = 0; turn < 8; turn += 1) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        const doomed = Array.from({ length: 5 }, (_, i) => tel(10_000 + turn * 30 + i * 7));
        const slots: Uint8Array[] = [];
        for (const identifier of doomed) {
          const [found] = await officer.reader.lookup(CARE, identifier, [DOMAIN], [NOVEMBER]);
          if (found?.slot === undefined) continue;
          slots.push(found.slot);
          gone.add(identifier.value);
        }
        await officer.keyTree.turn(slots);
      }
      turning = false;
      return gone;
    }

    const [one, two, gone] = await Promise.all([
      ingest(first, 10_000),
      ingest(second, 10_010),
      erase(),
    ]);
    expect(Math.min(one, two)).toBeGreaterThan(8);
    expect(gone.size).toBeGreaterThan(10);
    const opened = answers(
      await officer.reader.open(
        CARE,
        sealed.flatMap(({ boxes }) => boxes),
      ),
    );
    const numbers = sealed.flatMap((one) => one.numbers);
    const wrong = opened.filter((answer, i) => {
      const number = numbers[i] ?? '';
      return answer !== (gone.has(number) ? 'shredded' : number);
    });
    expect(wrong).toEqual([]);
  });
});
