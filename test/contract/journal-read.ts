import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Contract } from './journal.ts';
import { anEvent, aSlice, content, ids, readAll } from './journal-events.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  // Bytes that a store might take for text.
  fc.json().map((text) => new Uint8Array(Buffer.from(text))),
);
const event = fc.record(
  {
    id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    type: fc.stringMatching(/^[a-z]{1,20}\.[a-zäß_]{1,20}$/),
    data: bytes,
    meta: bytes,
    resume: fc.oneof(fc.nat(), fc.maxSafeNat()),
  },
  { requiredKeys: ['id', 'type', 'data', 'meta'] },
);

export function readContract({ subject, freshLog }: Contract): void {
  describe('read', () => {
    test('finds nothing in a log nobody wrote to', async () => {
      const { journal } = subject();
      const log = freshLog();
      expect(await readAll(journal, log)).toEqual([]);
      expect(await journal.readAt(log, [1, 2])).toEqual([]);
      expect(await journal.head(log)).toBeUndefined();
    });

    test('gives back every byte, id, type and resume', async () => {
      const { journal } = subject();
      const log = freshLog();
      let position = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), async (slice) => {
          const { last } = await journal.append(log, slice, position);
          const recorded = await readAll(journal, log, position);
          position = last;
          expect(recorded.map(content)).toEqual(slice.map(content));
          expect(recorded.every((one) => one.log === log)).toBe(true);
        }),
        { numRuns: 30 },
      );
    });

    test('keeps empty data and meta empty', async () => {
      const { journal } = subject();
      const log = freshLog();
      await journal.append(log, [anEvent({ data: new Uint8Array(0), meta: new Uint8Array(0) })], 0);
      const [recorded] = await readAll(journal, log);
      expect(recorded?.data).toHaveLength(0);
      expect(recorded?.meta).toHaveLength(0);
    });

    test('says when the store took an event, never going back', async () => {
      const { journal } = subject();
      const log = freshLog();
      const before = Date.now() * 1000;
      for (let i = 0; i < 5; i += 1) await journal.append(log, aSlice(2), 2 * i);
      const times = (await readAll(journal, log)).map((one) => one.recordedAt);
      // A server elsewhere may have another clock; a minute apart is a broken unit.
      expect(Math.abs((times[0] ?? 0) - before)).toBeLessThan(60_000_000);
      expect(times.toSorted((a, b) => a - b)).toEqual(times);
    });

    test('batches are full but the last, whatever the slices were', async () => {
      const { journal } = subject();
      const log = freshLog();
      const sizes = [1, 7, 300, 2, 90];
      let position = 0;
      for (const size of sizes) position = (await journal.append(log, aSlice(size), position)).last;
      for (const limit of [1, 64, 100, 400, 1000]) {
        const batches: number[] = [];
        const positions: number[] = [];
        for await (const batch of journal.readLog(log, 0, limit)) {
          batches.push(batch.length);
          positions.push(...batch.map((one) => one.position));
        }
        expect(batches.slice(0, -1).every((size) => size === limit)).toBe(true);
        expect(positions).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
      }
    });

    test('goes on from any position', async () => {
      const { journal } = subject();
      const log = freshLog();
      const all = [...aSlice(5), ...aSlice(1), ...aSlice(4)];
      await journal.append(log, all.slice(0, 5), 0);
      await journal.append(log, all.slice(5, 6), 5);
      await journal.append(log, all.slice(6), 6);
      for (let after = 0; after <= 12; after += 1) {
        expect(ids(await readAll(journal, log, after, 3))).toEqual(ids(all.slice(after)));
      }
    });

    test('ends where the log ended when it began', async () => {
      const { journal } = subject();
      const log = freshLog();
      // Several pages of any adapter, so that later ones are read after the writer went on.
      for (let i = 0; i < 24; i += 1)
        await journal.append(log, [anEvent({ data: randomBytes(600_000) })], i);
      let position = 24;
      const seen: number[] = [];
      for await (const batch of journal.readLog(log, 0, 5)) {
        seen.push(...batch.map((one) => one.position));
        position = (await journal.append(log, aSlice(4), position)).last;
      }
      expect(seen).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    });

    test('a reader may leave early', async () => {
      const { journal } = subject();
      const log = freshLog();
      await journal.append(log, aSlice(50), 0);
      for await (const batch of journal.readLog(log, 0, 10)) {
        expect(batch).toHaveLength(10);
        break;
      }
      expect(await readAll(journal, log)).toHaveLength(50);
    });

    test('pages through more than it would hold in memory', async () => {
      const { journal } = subject();
      const log = freshLog();
      const slice = Array.from({ length: 20 }, (_, i) =>
        anEvent({ data: randomBytes(20_000), resume: i }),
      );
      for (let i = 0; i < 30; i += 1) {
        await journal.append(
          log,
          slice.map((one) => ({ ...one, id: randomBytes(16) })),
          20 * i,
        );
      }
      let position = 0;
      for await (const batch of journal.readLog(log, 0, 7)) {
        for (const one of batch) {
          position += 1;
          expect(one.position).toBe(position);
          expect(one.data).toHaveLength(20_000);
        }
      }
      expect(position).toBe(600);
    });

    test('picks events by position, each once, in order', async () => {
      const { journal } = subject();
      const log = freshLog();
      const all = aSlice(120);
      await journal.append(log, all.slice(0, 50), 0);
      await journal.append(log, all.slice(50), 50);
      const picked = await journal.readAt(log, [120, 51, 3, 50, 3, 0, 121, 9_999]);
      expect(picked.map((one) => one.position)).toEqual([3, 50, 51, 120]);
      expect(picked.map(content)).toEqual(
        [2, 49, 50, 119].map((i) => all[i]).flatMap((one) => (one ? [content(one)] : [])),
      );
      expect(await journal.readAt(log, [])).toEqual([]);
    });

    test('picks as many as 10,000 at once and refuses more', async () => {
      const { journal } = subject();
      const log = freshLog();
      await journal.append(log, aSlice(40), 0);
      const many = Array.from({ length: 10_000 }, (_, i) => 1 + (i % 40));
      expect(await journal.readAt(log, many)).toHaveLength(40);
      await expect(journal.readAt(log, [...many, 1])).rejects.toMatchObject({ code: 'invalid' });
    });

    test('the head carries the resume of the last event that had one', async () => {
      const { journal } = subject();
      const log = freshLog();
      await journal.append(log, [anEvent()], 0);
      expect(await journal.head(log)).toEqual({ position: 1 });
      await journal.append(log, [anEvent({ resume: 7 }), anEvent(), anEvent()], 1);
      expect(await journal.head(log)).toEqual({ position: 4, resume: 7 });
      await journal.append(log, [anEvent()], 4);
      expect(await journal.head(log)).toEqual({ position: 5, resume: 7 });
      await journal.append(log, [anEvent({ resume: 0 })], 5);
      expect(await journal.head(log)).toEqual({ position: 6, resume: 0 });
    });

    test.each([
      ['a negative position', -1, 10],
      ['a position that is no integer', 0.5, 10],
      ['a limit of 0', 0, 0],
    ])('refuses %s', async (_, after, limit) => {
      const { journal } = subject();
      const read = async () => {
        for await (const batch of journal.readLog(freshLog(), after, limit))
          expect(batch).toBeUndefined();
      };
      await expect(read()).rejects.toMatchObject({ code: 'invalid' });
    });
  });
}
